/** What to do when the media connection is gone for good; pure. Reasons are LiveKit's `DisconnectReason` numbers. */

const CLIENT_INITIATED = 1
const DUPLICATE_IDENTITY = 2

/**
 * `kept_page`: livekit-client hung up because the page was being left, which is not certain: a reload can be stopped, and
 * a browser may show the page again as it was. Who leaves the meeting is not asked this. `duplicate`: the same person
 * opened the meeting elsewhere, coming back would throw them out in turn. `ask_portal`: everything else, including
 * "removed" and "room deleted": only the portal knows whether the meeting ended, the person was removed, or a server
 * merely restarted.
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

/** From the moment a meeting opens its viewers ask within this time, not all at once, ms. */
const OPENING_SPREAD_MS = 6_000

/**
 * Waiting time of a viewer until a meeting that has not begun is asked for again, in ms: rarely while it is far away, then
 * once within a few seconds of its opening, then every few seconds. Thousands may wait.
 */
export function startPollMs(
  opensAt: string | null,
  nowMs: number,
  random: () => number = Math.random,
): number {
  const leftMs = opensAt === null ? 0 : Date.parse(opensAt) - nowMs
  if (!(leftMs > 0)) return Math.round(8_000 * (1 + random() / 2))
  // A viewer's clock may be wrong and the meeting may be moved, so neither is relied on for much more than a minute.
  const longestMs = 60_000 * (1 + random() / 2)
  return Math.round(Math.min(longestMs, leftMs + OPENING_SPREAD_MS * random()))
}

/** Waiting time before asking a portal again that said to slow down (HTTP 429), in ms; half of it again is jitter. */
export function crowdedDelayMs(attempt: number, random: () => number = Math.random): number {
  return Math.round(Math.min(3_000 * attempt, 15_000) * (1 + random() / 2))
}

/** Waiting time before attempt `attempt` (0 first), in ms; up to 30 % of jitter spreads a whole province. */
export function rejoinDelayMs(attempt: number, random: () => number = Math.random): number {
  const base = [200, 800, 1500, 2500, 4000][Math.min(attempt, 4)]!
  return Math.round(base * (1 + 0.3 * random()))
}

/** livekit-client's own resume attempts; after about 12 s without success we join anew with a fresh token. */
export const RESUME_DELAYS_MS = [0, 300, 700, 1200, 2000, 3000, 4000]
