import { createHash } from 'node:crypto'
import { asAppError, isPermanent } from '@diemcau/core/errors.ts'
import { isDatabaseAway } from '../database-away.ts'

/** An unforeseen fault is believed to be the event's own after so many deliveries, over at least so long. */
const MOST_TRIES = 6
const LEAST_MS = 60_000
/** Events remembered; a sender has one of a room under way. */
const MOST_EVENTS = 1_000

/** Prisma's codes for a value or a query that can never be: too long, of the wrong kind, out of range, missing. */
const FINAL_CODE = /^(P2000|P2005|P2006|P2007|P2009|P2011|P2012|P2013|P2019|P2020|P2023|P2033)$/

/** Whether asking again can help: `passing` for as long as it lasts, `permanent` never, `unknown` a few times. */
export function faultOfWebhook(error: unknown): 'passing' | 'permanent' | 'unknown' {
  const ours = asAppError(error)
  if (ours !== null && ours.code !== 'internal') return isPermanent(ours) ? 'permanent' : 'passing'
  if (!(error instanceof Error)) return 'unknown'
  if (isDatabaseAway(error)) return 'passing'
  const code = 'code' in error ? String(error.code) : ''
  if (FINAL_CODE.test(code) || error.name === 'PrismaClientValidationError') return 'permanent'
  return 'unknown'
}

/** How often each webhook has failed for a reason nobody foresaw, and whether to give it up. In memory: a restart begins anew. */
export class WebhookTries {
  readonly #now: () => number
  readonly #failed = new Map<string, { count: number; since: number }>()

  /** `now` in milliseconds, injectable for tests. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Notes the failure of this body. True when it is to be put aside. */
  isHopeless(body: string, error: unknown): boolean {
    const fault = faultOfWebhook(error)
    if (fault !== 'unknown') return fault === 'permanent'
    const key = keyOf(body)
    const before = this.#failed.get(key) ?? { count: 0, since: this.#now() }
    const tries = { ...before, count: before.count + 1 }
    this.#failed.delete(key)
    this.#failed.set(key, tries)
    const oldest = this.#failed.keys().next().value
    if (this.#failed.size > MOST_EVENTS && oldest !== undefined) this.#failed.delete(oldest)
    return tries.count >= MOST_TRIES && this.#now() - tries.since >= LEAST_MS
  }

  forget(body: string): void {
    this.#failed.delete(keyOf(body))
  }
}

const keyOf = (body: string): string => createHash('sha256').update(body).digest('base64')
