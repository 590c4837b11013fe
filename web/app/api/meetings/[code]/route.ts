import { readSession } from '../../../../server/accounts/read-session.ts'
import { getPublicMeeting } from '../../../../server/meetings/get-public-meeting.ts'
import { readHallDevice } from '../../../../server/meetings/hall-device.ts'
import { getRuntime } from '../../../../server/runtime.ts'
import { refusalResponse } from '../../../note-refusal.ts'

export async function GET(
  request: Request,
  { params }: { params: Promise<{ code: string }> },
): Promise<Response> {
  try {
    const actor = (await readSession(request.headers))?.actor ?? null
    const device = await readHallDevice(getRuntime().config, request.headers.get('cookie'))
    const meeting = await getPublicMeeting((await params).code, actor, device)
    if (!meeting) return Response.json({ error: 'not_found' }, { status: 404 })
    return Response.json(meeting, { headers: { 'cache-control': 'no-store' } })
  } catch (error) {
    return await refusalResponse(error)
  }
}
