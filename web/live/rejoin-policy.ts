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

/** Waiting time before attempt `attempt` (0 first), in ms; up to 30 % of jitter spreads a whole province. */
export function rejoinDelayMs(attempt: number, random: () => number = Math.random): number {
  const base = [200, 800, 1500, 2500, 4000][Math.min(attempt, 4)]!
  return Math.round(base * (1 + 0.3 * random()))
}

/** livekit-client's own resume attempts; after about 12 s without success we join anew with a fresh token. */
export const RESUME_DELAYS_MS = [0, 300, 700, 1200, 2000, 3000, 4000]
