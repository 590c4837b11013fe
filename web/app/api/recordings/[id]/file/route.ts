import { AppError } from '@diemcau/core/errors.ts'
import { readSession } from '../../../../../server/accounts/read-session.ts'
import { openRecordingFile } from '../../../../../server/recordings/open-recording-file.ts'
import { refusalResponse } from '../../../../note-refusal.ts'

export async function GET(
  request: Request,
  { params }: { params: Promise<{ id: string }> },
): Promise<Response> {
  try {
    const session = await readSession(request.headers)
    if (!session) throw new AppError('not_signed_in', 'no session')
    const download = new URL(request.url).searchParams.get('download') === '1'
    return await openRecordingFile(session.actor, (await params).id, request.headers.get('range'), download)
  } catch (error) {
    return await refusalResponse(error)
  }
}
