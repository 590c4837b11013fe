/** The code somebody typed: the meeting's, for guests, or a hall's. Wrong tries count; right ones never do. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { codeDigits, HALL_CODE_LENGTH } from '@diemcau/core/text/code-digits.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { type AttemptLimit, clearAttempts, isLocked, takeAttempt } from '../accounts/attempts.ts'
import type { Runtime } from '../runtime.ts'

/** Of one device: somebody who mistypes fits, and locks out nobody else. */
const perDevice: AttemptLimit = { max: 10, windowMs: 10 * 60_000, lockMs: 10 * 60_000 }
/**
 * Of a network, because a device id costs nothing: a million codes then take months, and a hall full of people who mistype is
 * not locked out.
 */
const perNetwork: AttemptLimit = { max: 60, windowMs: 10 * 60_000, lockMs: 10 * 60_000 }

/**
 * The same wrong code from the same device is the same try, made again by a page that reconnects with what was typed before the code
 * was changed: it tells a guesser nothing, and a hall with a shaky line must not use up the tries of its whole network.
 */
const sameAgain: AttemptLimit = { max: 1, windowMs: 10 * 60_000, lockMs: 10 * 60_000 }

export type CodeVerdict<E> =
  | { kind: 'none' | 'wrong' | 'blocked' | 'meeting' }
  | { kind: 'hall'; endpoint: E }

/**
 * Digits only, of whatever script. Nothing typed is no try. One network's tries are judged one after the other, at all portals
 * together, so that a thousand at once count like a thousand in a row.
 */
export async function checkCode<E extends { code: string }>(
  runtime: Runtime,
  meeting: { id: string; passcode: string; endpoints: readonly E[] },
  typed: string,
  from: { network: string; device: string },
): Promise<CodeVerdict<E>> {
  if (typed.trim() === '') return { kind: 'none' }
  const networkKey = `code:${meeting.id}:${from.network}`
  const deviceKey = `code:${meeting.id}:${from.device}`
  // In this portal by the queue, so that those who wait hold no connection to the database.
  return await runtime.queues.run(
    networkKey,
    async () =>
      await runtime.db.$transaction(async tx => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${networkKey}, 0))`
        return await judge(tx)
      }),
  )

  async function judge(tx: Tx): Promise<CodeVerdict<E>> {
    if (await isLocked(tx, [networkKey, deviceKey])) return { kind: 'blocked' }
    const digits = codeDigits(typed)
    const endpoint = meeting.endpoints.find(e => isSame(e.code, digits))
    const isRight = endpoint !== undefined || isSame(meeting.passcode, digits)
    if (isRight) {
      await clearAttempts(tx, deviceKey)
      return endpoint ? { kind: 'hall', endpoint } : { kind: 'meeting' }
    }
    const again = `${deviceKey}:${digest(digits).toString('base64url')}`
    if (await takeAttempt(tx, again, sameAgain)) return { kind: 'wrong' }
    const locks = [await takeAttempt(tx, deviceKey, perDevice), await takeAttempt(tx, networkKey, perNetwork)]
    return { kind: locks.some(lock => lock !== null) ? 'blocked' : 'wrong' }
  }
}

/** Whether this has the form of a hall's code, right or wrong. */
export const isHallCode = (typed: string): boolean => codeDigits(typed).length === HALL_CODE_LENGTH

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const isSame = (code: string, digits: string): boolean => timingSafeEqual(digest(code), digest(digits))
