/** What to do when the media connection is gone for good; pure. Reasons are LiveKit's `DisconnectReason` numbers. */

const CLIENT_INITIATED = 1
const DUPLICATE_IDENTITY = 2

/**
 * `kept_page`: livekit-client hung up because the page was being left, which is not certain: a reload can be stopped, and a browser may
 * show the page again as it was. Who leaves the meeting is not asked this. `duplicate`: the same person opened the meeting elsewhere, coming back would throw
 * them out in turn. `ask_portal`: everything else, including "removed" and "room deleted": only the portal knows
 * whether the meeting ended, the person was removed, or a server merely restarted.
 */
export function afterDisconnect(reason: number | undefined): 'kept_page' | 'duplicate' | 'ask_portal' {
  if (reason === CLIENT_INITIATED) return 'kept_page'
  if (reason === DUPLICATE_IDENTITY) return 'duplicate'
  return 'ask_portal'
}

/**
 * Refusals that only mean "not right now" to somebody who was inside a moment ago: a hall behind one address comes back
 * all at once and may be told to slow down, or finds its own old connections still counted. Coming back goes on.
 */
export const isPassingRefusal = (reason: string): boolean =>
  reason === 'too_many_attempts' || reason === 'full'

/**
 * Waiting time of a viewer until a meeting that has not begun is asked for again, in ms: rarely while it is far away, every few seconds
 * from its time on, and never so late that its beginning is missed by more. Thousands may wait.
 */
export function startPollMs(
  opensAt: string | null,
  nowMs: number,
  random: () => number = Math.random,
): number {
  const leftMs = opensAt === null ? 0 : Date.parse(opensAt) - nowMs
  // A viewer's clock may be wrong, so it is not relied on for more than a minute.
  const base = Math.min(Math.max(leftMs / 2 || 0, 8_000), 60_000)
  return Math.round(base * (1 + random() / 2))
}

/** Waiting time before attempt `attempt` (0 first), in ms; up to 30 % of jitter spreads a whole province. */
export function rejoinDelayMs(attempt: number, random: () => number = Math.random): number {
  const base = [200, 800, 1500, 2500, 4000][Math.min(attempt, 4)]!
  return Math.round(base * (1 + 0.3 * random()))
}

/** livekit-client's own resume attempts; after about 12 s without success we join anew with a fresh token. */
export const RESUME_DELAYS_MS = [0, 300, 700, 1200, 2000, 3000, 4000]
