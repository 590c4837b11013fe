import { readSession } from '../../../../server/accounts/read-session.ts'
import { errorResponse } from '../../../../server/errors.ts'
import { getPublicMeeting } from '../../../../server/meetings/get-public-meeting.ts'

export async function GET(
  request: Request,
  { params }: { params: Promise<{ code: string }> },
): Promise<Response> {
  try {
    const actor = (await readSession(request.headers))?.actor ?? null
    const meeting = await getPublicMeeting((await params).code, actor)
    if (!meeting) return Response.json({ error: 'not_found' }, { status: 404 })
    return Response.json(meeting, { headers: { 'cache-control': 'no-store' } })
  } catch (error) {
    return errorResponse(error)
  }
}
