import { getLocale } from 'next-intl/server'
import { exportAttendance } from '../../../../../../server/attendance/export-attendance.ts'
import { exportResponse } from '../../../../../export-response.ts'

export async function GET(
  request: Request,
  { params }: { params: Promise<{ code: string; format: string }> },
): Promise<Response> {
  return await exportResponse(request, params, async (actor, meetingId, format) =>
    exportAttendance(actor, meetingId, format, await getLocale()),
  )
}
