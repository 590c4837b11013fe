/** When the database cannot be asked right now, as after a restart of its own, and asking again can help. */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'

/**
 * Prisma's codes that speak of the database and not of the data: it cannot be reached (P1…), no connection was free (P2024), the
 * transaction was too slow (P2028) or met another (P2034).
 */
const PASSING_CODE = /^(P1\d{3}|P2024|P2028|P2034|P2037)$/
/**
 * SQLSTATE (PostgreSQL, appendix A): connection lost, out of resources, and what a server says that is stopping, has crashed or
 * still starts (57P01 to 57P03). Prisma passes these on under codes of its own (P2010, P2039) that also mean other things.
 */
const PASSING_STATE = /^(08...|53...|57P0[1-3])$/
/** The adapter's own words for the same. */
const PASSING_KIND = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
])
const NETWORK_CODE = /^(ECONN|ETIMEDOUT|EPIPE|EHOST|ENET|EAI_|ENOTFOUND)/
/** The driver's, without any code: a connection that died was still in the pool, or in a transaction. */
const LOST_CONNECTION = /^(Client has encountered a connection error|Connection terminated)/

const AGAIN_MS = 200

interface AdapterCause {
  kind?: unknown
  originalCode?: unknown
}

export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : 'errorCode' in error ? String(error.errorCode) : ''
  if (PASSING_CODE.test(code) || NETWORK_CODE.test(code)) return true
  if (error.name === 'PrismaClientInitializationError' || LOST_CONNECTION.test(error.message)) return true
  const { meta, cause } = error as {
    meta?: { driverAdapterError?: { cause?: AdapterCause } }
    cause?: AdapterCause
  }
  // A commit that fails comes as the adapter threw it.
  const bare = error.name === 'DriverAdapterError' ? cause : undefined
  const { kind, originalCode } = meta?.driverAdapterError?.cause ?? bare ?? {}
  return PASSING_KIND.has(String(kind)) || PASSING_STATE.test(String(originalCode))
}

/**
 * Does it again while the database is away. `work` may have been done although it failed, when the connection was lost at its very
 * end: it must bear being repeated.
 *
 * @param until time of `performance.now()`
 * @throws AppError `unavailable` when the database is away longer
 */
export async function whenDatabaseIsBack<T>(until: number, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      if (performance.now() >= until)
        throw new AppError('unavailable', 'the database is away', { cause: error })
      await wait(AGAIN_MS)
    }
  }
}
