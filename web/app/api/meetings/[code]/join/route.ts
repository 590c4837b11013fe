import { networkOf } from '@diemcau/core/net/network-of.ts'
import { readSession } from '../../../../../server/accounts/read-session.ts'
import { readText } from '../../../../../server/http/read-text.ts'
import { readHallDevice } from '../../../../../server/meetings/hall-device.ts'
import { joinMeeting } from '../../../../../server/meetings/join-meeting.ts'
import { getRuntime } from '../../../../../server/runtime.ts'
import { refusalResponse } from '../../../../note-refusal.ts'

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
    const text = await readText(request, MAX_BODY)
    const actor = (await readSession(request.headers))?.actor ?? null
    const cookies: string[] = []
    const { config } = getRuntime()
    const result = await joinMeeting((await params).code, parseJson(text), actor, {
      ip,
      hallDevice: await readHallDevice(config, request.headers.get('cookie')),
      setCookie: line => cookies.push(line),
      host: request.headers.get('host') ?? '',
      secure: request.headers.get('x-forwarded-proto') === 'https',
    })
    const answer = Response.json(result, { headers: { 'cache-control': 'no-store' } })
    for (const line of cookies) answer.headers.append('set-cookie', line)
    return answer
  } catch (error) {
    return await refusalResponse(error)
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
