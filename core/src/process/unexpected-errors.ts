import { TokenBucket } from '../token-bucket.ts'

/**
 * What every process does about an error that nobody caught. Rooms, meetings and recordings are independent of one another: a
 * fault in one is logged and must not end all the others. But a process that stumbles without end is broken, and is better
 * begun anew by its supervisor: then it says so and exits.
 */

/** So many within a minute end the process. */
const MOST_A_MINUTE = 60
const EXIT_FAILED = 1

interface Log {
  error(fields: object, message: string): void
  fatal(fields: object, message: string): void
}

/** As much of `process` as is needed. */
interface Process {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown
  exit(code: number): void
}

/** Called once by each main.ts, before anything that can fail. `now` in milliseconds, injectable for tests. */
export function watchUnexpectedErrors(
  log: Log,
  target: Process = process,
  now: () => number = () => performance.now(),
): void {
  const budget = new TokenBucket(MOST_A_MINUTE / 60, MOST_A_MINUTE, now())
  const note = (kind: string) => (error: unknown) => {
    if (budget.take(now())) return log.error({ err: error }, `${kind}: the process goes on`)
    log.fatal({ err: error }, `${kind}: too many within a minute, the process ends`)
    target.exit(EXIT_FAILED)
  }
  target.on('uncaughtException', note('unexpected error'))
  target.on('unhandledRejection', note('unexpected rejection'))
}
