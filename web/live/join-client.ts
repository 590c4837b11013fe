import { type JoinRequest, type JoinResult, joinResult } from '@diemcau/core/contracts/join.ts'

/** The portal could not be asked (no network, restarting, 5xx): try again later. */
export class PortalUnreachable extends Error {
  constructor(cause: unknown) {
    super('the portal could not be reached', { cause })
    this.name = 'PortalUnreachable'
  }
}

const REQUEST_TIMEOUT_MS = 10_000

async function request(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, cache: 'no-store', signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
  } catch (error) {
    throw new PortalUnreachable(error)
  }
}

const meetingPath = (code: string): string => `/api/meetings/${encodeURIComponent(code)}`

/** Asks to be let in. Throws `PortalUnreachable` when asking again may help. */
export async function postJoin(code: string, body: JoinRequest): Promise<JoinResult> {
  const response = await request(`${meetingPath(code)}/join`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (response.status === 404) return { status: 'refused', reason: 'not_found' }
  if (response.status === 429) return { status: 'refused', reason: 'too_many_attempts' }
  if (!response.ok) throw new PortalUnreachable(new Error(`HTTP ${response.status}`))
  return parse(joinResult, response)
}

async function parse<T>(schema: { parse: (value: unknown) => T }, response: Response): Promise<T> {
  try {
    return schema.parse(await response.json())
  } catch (error) {
    // A proxy's page in the place of the portal's answer, or an older page against a newer portal.
    throw new PortalUnreachable(error)
  }
}
