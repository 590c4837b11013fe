import { AppError } from '@diemcau/core/errors.ts'
import { readSession } from '../server/accounts/read-session.ts'
import { findMeetingId } from '../server/meetings/find-meeting-id.ts'
import { attachment } from '../server/recordings/open-recording-file.ts'
import type { Actor } from '../server/types.ts'
import { refusalResponse } from './note-refusal.ts'

type ExportFormat = 'xlsx' | 'csv'

/** The answer of a route that gives a meeting's lists as a file, to whoever is signed in and may have it. */
export async function exportResponse(
  request: Request,
  params: Promise<{ code: string; format: string }>,
  make: (
    actor: Actor,
    meetingId: string,
    format: ExportFormat,
  ) => Promise<{ body: Uint8Array; contentType: string; filename: string }>,
): Promise<Response> {
  try {
    const session = await readSession(request.headers)
    if (!session) throw new AppError('not_signed_in', 'no session')
    const { code, format } = await params
    if (format !== 'xlsx' && format !== 'csv') throw new AppError('not_found', `no format ${format}`)
    const file = await make(session.actor, await findMeetingId(code), format)
    return new Response(new Uint8Array(file.body), {
      headers: {
        'content-type': file.contentType,
        'content-disposition': attachment(file.filename),
        'cache-control': 'private, no-store',
      },
    })
  } catch (error) {
    return await refusalResponse(error)
  }
}
