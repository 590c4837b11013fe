/** What to do when the media connection is gone for good; pure. Reasons are LiveKit's `DisconnectReason` numbers. */

const CLIENT_INITIATED = 1
const DUPLICATE_IDENTITY = 2

/**
 * `stay_out`: we hung up ourselves. `duplicate`: the same person opened the meeting elsewhere, coming back would throw
 * them out in turn. `ask_portal`: everything else, including "removed" and "room deleted": only the portal knows
 * whether the meeting ended, the person was removed, or a server merely restarted.
 */
export function afterDisconnect(reason: number | undefined): 'stay_out' | 'duplicate' | 'ask_portal' {
  if (reason === CLIENT_INITIATED) return 'stay_out'
  if (reason === DUPLICATE_IDENTITY) return 'duplicate'
  return 'ask_portal'
}

/**
 * Refusals that only mean "not right now" to somebody who was inside a moment ago: a hall behind one address comes back
 * all at once and may be told to slow down, or finds its own old connections still counted. Coming back goes on.
 */
export const isPassingRefusal = (reason: string): boolean =>
  reason === 'too_many_attempts' || reason === 'full'

/** Waiting time before attempt `attempt` (0 first), in ms; up to 30 % of jitter spreads a whole province. */
export function rejoinDelayMs(attempt: number, random: () => number = Math.random): number {
  const base = [200, 800, 1500, 2500, 4000][Math.min(attempt, 4)]!
  return Math.round(base * (1 + 0.3 * random()))
}

/** livekit-client's own resume attempts; after about 12 s without success we join anew with a fresh token. */
export const RESUME_DELAYS_MS = [0, 300, 700, 1200, 2000, 3000, 4000]
