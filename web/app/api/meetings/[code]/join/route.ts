import { readSession } from '../../../../../server/accounts/read-session.ts'
import { errorResponse } from '../../../../../server/errors.ts'
import { joinMeeting } from '../../../../../server/meetings/join-meeting.ts'

const MAX_BODY = 16_384

export async function POST(
  request: Request,
  { params }: { params: Promise<{ code: string }> },
): Promise<Response> {
  try {
    const text = await request.text()
    if (text.length > MAX_BODY) return Response.json({ error: 'invalid_input' }, { status: 413 })
    const actor = (await readSession(request.headers))?.actor ?? null
    const result = await joinMeeting((await params).code, parseJson(text), actor, {
      ip: request.headers.get('x-real-ip') ?? '',
      host: request.headers.get('host') ?? '',
      secure: request.headers.get('x-forwarded-proto') === 'https',
    })
    return Response.json(result, { headers: { 'cache-control': 'no-store' } })
  } catch (error) {
    return errorResponse(error)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The use case answers `invalid_input` for what is no request.
    return null
  }
}
