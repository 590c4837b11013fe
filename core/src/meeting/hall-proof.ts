/** For which hall somebody speaks in a meeting, and by what right. Pure. */

export interface HallFacts<E extends { id: string; hallId: string | null }> {
  endpoints: readonly E[]
  /** The endpoint chosen on the check page. */
  wantedId: string | undefined
  /** The endpoint whose own code was typed. */
  byCode: E | undefined
  /** A hall's code was typed, right or not: the page of who came in by one says it again whenever it comes back. */
  typedHallCode: boolean
  /** The account's usual hall. */
  accountHallId: string | null
  /** Halls this browser was confirmed for. */
  deviceHallIds: ReadonlySet<string>
  /** What they spoke for when they were let in last, and by what right. */
  before: { endpointId: string | null; endpointBy: string | null } | null
  /** What was said in the lobby, and whether a moderator confirmed it; null when nobody has answered. */
  claim: { endpointId: string | null; isConfirmed: boolean } | null
  /** Moderators answer for what they say. */
  isModerator: boolean
}

export type HallProof = 'account' | 'code' | 'device' | 'moderator'

/** `refused`: let in, but not for the hall they named. */
export type HallVerdict<E> =
  | { kind: 'none' }
  | { kind: 'proved'; endpoint: E; by: HallProof }
  | { kind: 'claimed'; endpoint: E }
  | { kind: 'refused'; endpoint: E }

export function hallOfJoin<E extends { id: string; hallId: string | null }>(
  facts: HallFacts<E>,
): HallVerdict<E> {
  const { endpoints, byCode, accountHallId, before, claim } = facts
  if (byCode) return { kind: 'proved', endpoint: byCode, by: 'code' }
  // The code may have been changed since: that is for newcomers, whoever came in by the old one stays the hall.
  const byOldCode =
    facts.typedHallCode && before?.endpointBy === 'code'
      ? endpoints.find(e => e.id === before.endpointId)
      : undefined
  if (byOldCode) return { kind: 'proved', endpoint: byOldCode, by: 'code' }
  const own = accountHallId === null ? undefined : endpoints.find(e => e.hallId === accountHallId)
  const endpoint = endpoints.find(e => e.id === facts.wantedId) ?? own
  if (!endpoint) return { kind: 'none' }
  const proved = (by: HallProof): HallVerdict<E> => ({ kind: 'proved', endpoint, by })
  if (endpoint === own) return proved('account')
  if (endpoint.hallId !== null && facts.deviceHallIds.has(endpoint.hallId)) return proved('device')
  if (facts.isModerator) return proved('moderator')
  // What was proved in this meeting stays proved, except by an account that has another hall now.
  if (before?.endpointId === endpoint.id && before.endpointBy !== null && before.endpointBy !== 'account')
    return proved(before.endpointBy as HallProof)
  if (claim?.endpointId !== endpoint.id) return { kind: 'claimed', endpoint }
  return claim.isConfirmed ? proved('moderator') : { kind: 'refused', endpoint }
}
