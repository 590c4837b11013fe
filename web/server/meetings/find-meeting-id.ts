import { AppError } from '@diemcau/core/errors.ts'
import { getRuntime } from '../runtime.ts'

/** The id of the meeting with this code or id. @throws AppError `not_found` */
export async function findMeetingId(codeOrId: string): Promise<string> {
  const meeting = await getRuntime().db.meeting.findFirst({
    where: { OR: [{ id: codeOrId }, { code: codeOrId }] },
    select: { id: true },
  })
  if (!meeting) throw new AppError('not_found', `no meeting ${codeOrId}`)
  return meeting.id
}
