import type { JoinRequest, JoinResult } from '@diemcau/core/contracts/join.ts'

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
  return await readResult(response)
}

/** The meeting's status now; null when the portal cannot be asked, which only means: look again. */
export async function fetchMeetingStatus(code: string): Promise<string | null> {
  try {
    const response = await request(meetingPath(code))
    const body = response.ok ? ((await response.json()) as { status?: unknown }) : {}
    return typeof body.status === 'string' ? body.status : null
  } catch {
    // No network, or a proxy's page in the place of the answer.
    return null
  }
}

/** What each answer must at least have. A schema would weigh more than everything else this page needs of the portal. */
const FIELDS: Record<JoinResult['status'], readonly string[]> = {
  admitted: ['serverUrl', 'token', 'ticket', 'identity', 'name', 'role', 'meeting'],
  waiting: ['ticket', 'requestId'],
  refused: ['reason'],
}

async function readResult(response: Response): Promise<JoinResult> {
  let result: unknown
  try {
    result = await response.json()
  } catch (error) {
    throw new PortalUnreachable(error)
  }
  if (isJoinResult(result)) return result
  // A proxy's page in the place of the portal's answer, or an older page against a newer portal.
  throw new PortalUnreachable(new Error('the answer is none of the portal'))
}

export function isJoinResult(value: unknown): value is JoinResult {
  if (typeof value !== 'object' || value === null) return false
  const { status } = value as { status?: unknown }
  if (typeof status !== 'string' || !Object.hasOwn(FIELDS, status)) return false
  return FIELDS[status as JoinResult['status']].every(field => field in value)
}
