import type { Tx } from '@diemcau/prisma/client.ts'

export interface AttemptLimit {
  /** Tries allowed within the window; the next one locks. */
  max: number
  windowMs: number
  lockMs: number
}

export interface Lock {
  until: Date
  /** This very try closed it. */
  isNew: boolean
}

/**
 * Counts a try before it is made, in one statement, so that many tries at once cannot pass together.
 * Returns null when the try may go on, else until when the key is locked.
 */
export async function takeAttempt(tx: Tx, key: string, limit: AttemptLimit): Promise<Lock | null> {
  const now = new Date()
  const windowEdge = new Date(now.getTime() - limit.windowMs)
  const lockEnd = new Date(now.getTime() + limit.lockMs)
  const [row] = await tx.$queryRaw<{ lockedUntil: Date | null }[]>`
    INSERT INTO "attempt_counter" AS c ("key", "count", "windowStart") VALUES (${key}, 1, ${now})
    ON CONFLICT ("key") DO UPDATE SET
      "count" = CASE WHEN c."windowStart" < ${windowEdge} THEN 1 ELSE c."count" + 1 END,
      "windowStart" = CASE WHEN c."windowStart" < ${windowEdge} THEN ${now} ELSE c."windowStart" END,
      "lockedUntil" = CASE
        WHEN c."lockedUntil" > ${now} THEN c."lockedUntil"
        WHEN c."windowStart" >= ${windowEdge} AND c."count" >= ${limit.max} THEN ${lockEnd}
        ELSE NULL END
    RETURNING "lockedUntil"`
  const until = row?.lockedUntil
  return until ? { until, isNew: until.getTime() === lockEnd.getTime() } : null
}

/** Whether any of these keys is locked; counts nothing. */
export async function isLocked(tx: Tx, keys: readonly string[]): Promise<boolean> {
  const locked = await tx.attemptCounter.findFirst({
    where: { key: { in: [...keys] }, lockedUntil: { gt: new Date() } },
    select: { key: true },
  })
  return locked !== null
}

/** After a success: the tries before it are forgotten. */
export async function clearAttempts(tx: Tx, key: string): Promise<void> {
  await tx.attemptCounter.deleteMany({ where: { key } })
}
