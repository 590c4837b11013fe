import { readSession } from '../../../../../server/accounts/read-session.ts'
import { networkOf } from '../../../../../server/client-address.ts'
import { errorResponse } from '../../../../../server/errors.ts'
import { joinMeeting } from '../../../../../server/meetings/join-meeting.ts'
import { readBody } from '../../../../../server/read-body.ts'
import { getRuntime } from '../../../../../server/runtime.ts'

const MAX_BODY = 16_384

const refused = (error: string, status: number): Response => Response.json({ error }, { status })

export async function POST(
  request: Request,
  { params }: { params: Promise<{ code: string }> },
): Promise<Response> {
  try {
    // Another site's page has no business here; browsers say where a request comes from (Fetch Metadata).
    if (request.headers.get('sec-fetch-site') === 'cross-site') return refused('forbidden', 403)
    const ip = request.headers.get('x-real-ip') ?? ''
    if (!getRuntime().joins.take(networkOf(ip))) return refused('rate_limited', 429)
    const text = await readBody(request, MAX_BODY)
    if (text === null) return refused('invalid_input', 413)
    const actor = (await readSession(request.headers))?.actor ?? null
    const result = await joinMeeting((await params).code, parseJson(text), actor, {
      ip,
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
