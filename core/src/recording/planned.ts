/**
 * When a recording begins without anybody pressing a button. Pure. It was promised with the invitation: so it begins with
 * the meeting, and again when people are back after it ended because everybody was away. Whoever runs the meeting and
 * stops it has the last word; whoever starts one that was not planned has it go on in the same way.
 */
export interface RecordingPlan {
  now: number
  /** The planned start: people who come earlier to test their devices are not recorded. */
  startsAt: number
  status: string
  /** As planned, or as the chair said since. */
  isWanted: boolean
  /** Halls and people in the room. */
  present: number
  /** One is requested, starting or running. */
  isCapturing: boolean
  /** How the newest ones ended that failed one after the other: how many, and when the last was asked for. */
  failures: { count: number; lastAt: number }
}

const FIRST_RETRY_MS = 30_000
const MAX_RETRY_MS = 15 * 60_000

export function beginsByItself(plan: RecordingPlan): boolean {
  if (plan.status !== 'live' || !plan.isWanted || plan.isCapturing) return false
  if (plan.now < plan.startsAt || plan.present === 0) return false
  const { count, lastAt } = plan.failures
  // A recorder that is away is asked again, ever more rarely: each failure is told to everybody.
  return count === 0 || plan.now - lastAt >= Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (count - 1))
}
