/** Work that must not be done by every portal at once: one holds a row for as long as it renews it, and another takes over. */
import type { Db } from '@diemcau/prisma/client.ts'
import type { Runtime } from '../runtime.ts'

/** A holder that is gone is followed by another after this time. */
const TTL_MS = 8_000
const RENEW_MS = 2_000

/** Takes or renews the lease; false while somebody else has it. By the database's clock. */
export async function takeLease(db: Db, name: string, holder: string, ttlMs = TTL_MS): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    INSERT INTO "lease" AS l ("name", "holder", "until")
    VALUES (${name}, ${holder}, now() + ${ttlMs}::int * interval '1 millisecond')
    ON CONFLICT ("name") DO UPDATE SET "holder" = excluded."holder", "until" = excluded."until"
    WHERE l."holder" = excluded."holder" OR l."until" < now()
    RETURNING "holder"`
  return rows.length > 0
}

/** So that another portal need not wait until it lapses. */
async function giveBackLease(db: Db, name: string, holder: string): Promise<void> {
  await db.lease.deleteMany({ where: { name, holder } })
}

interface LeasedWork {
  name: string
  everyMs: number
  work(runtime: Runtime): Promise<void>
}

/**
 * Does its work every `everyMs` while this portal holds the lease; first that long after it took it. The lease saves work and is
 * no lock: a portal that was stopped for a while may still be at it when another begins, so that the work bears being done twice.
 * `close` waits for the work under way and hands the lease on.
 */
export class LeasedTimer {
  readonly #runtime: Runtime
  readonly #work: LeasedWork
  readonly #timing: { ttlMs: number; renewMs: number }
  #timer: ReturnType<typeof setTimeout> | undefined
  #dueAt: number | null = null
  #looking: Promise<void> | null = null
  #working: Promise<void> | null = null
  #isClosed = false

  constructor(runtime: Runtime, work: LeasedWork, timing = { ttlMs: TTL_MS, renewMs: RENEW_MS }) {
    this.#runtime = runtime
    this.#work = work
    this.#timing = timing
    this.#again(0)
  }

  /** Whether this portal is the one that acts. */
  get isHeld(): boolean {
    return this.#dueAt !== null
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#looking
    await this.#working
    const { db, id } = this.#runtime
    if (this.isHeld) await giveBackLease(db, this.#work.name, id).catch(() => {})
    this.#dueAt = null
  }

  #again(ms: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#looking = null
        this.#again(this.#timing.renewMs)
      })
    }, ms)
  }

  async #look(): Promise<void> {
    const { db, id, log } = this.#runtime
    const { name, everyMs } = this.#work
    try {
      const isHeld = await takeLease(db, name, id, this.#timing.ttlMs)
      if (!isHeld) this.#dueAt = null
      else this.#dueAt ??= performance.now() + everyMs
    } catch (error) {
      // The database is away, and with it whoever else might have taken it.
      log.debug({ err: error, lease: name }, 'lease not renewed')
      return
    }
    if (this.#dueAt === null || performance.now() < this.#dueAt || this.#working) return
    this.#dueAt = performance.now() + everyMs
    this.#working = this.#work
      .work(this.#runtime)
      .catch(error => log.warn({ err: error, lease: name }, 'leased work failed'))
      .finally(() => {
        this.#working = null
      })
  }
}
