import { AppError } from '@diemcau/core/errors.ts'
import { readSession } from '../../../../../../server/accounts/read-session.ts'
import { exportAttendance } from '../../../../../../server/attendance/export-attendance.ts'
import { errorResponse } from '../../../../../../server/errors.ts'
import { findMeetingId } from '../../../../../../server/meetings/find-meeting-id.ts'
import { attachment } from '../../../../../../server/recordings/open-recording-file.ts'

export async function GET(
  request: Request,
  { params }: { params: Promise<{ code: string; format: string }> },
): Promise<Response> {
  try {
    const session = await readSession(request.headers)
    if (!session) throw new AppError('not_signed_in', 'no session')
    const { code, format } = await params
    if (format !== 'xlsx' && format !== 'csv') throw new AppError('not_found', `no format ${format}`)
    const file = await exportAttendance(session.actor, await findMeetingId(code), format)
    return new Response(new Uint8Array(file.body), {
      headers: {
        'content-type': file.contentType,
        'content-disposition': attachment(file.filename),
        'cache-control': 'private, no-store',
      },
    })
  } catch (error) {
    return errorResponse(error)
  }
}
