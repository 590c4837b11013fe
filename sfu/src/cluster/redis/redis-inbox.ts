import type { InboxEntry, InboxMessage, Incarnation } from '../record/record-types.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { RedisReply, RedisSession } from './redis-session.ts'
import { unavailable } from './redis-steps.ts'

/** An answer may come so long after the waiting is over, ms. */
const ANSWER_MS = 1_000

/**
 * Reads one incarnation's stream over a connection of its own, which waiting may block. One call at a time; a lost connection is opened
 * anew by the next.
 */
export class RedisInbox {
  readonly #connection: RedisConnection
  readonly #stream: string
  #session: Promise<RedisSession> | undefined
  #isClosed = false

  constructor(connection: RedisConnection, inst: Incarnation) {
    this.#connection = connection
    this.#stream = `sfu:in:${inst}`
  }

  /**
   * The entries after `afterId`; waits for the first up to `waitMs`. `missed` stands for those that were pushed out, or are lost with a
   * stream that began anew. @throws AppError unavailable
   */
  async read(afterId: string, limit: number, waitMs: number): Promise<InboxEntry[]> {
    const block = waitMs > 0 ? ['BLOCK', String(Math.ceil(waitMs))] : []
    const command = ['XREAD', 'COUNT', String(limit), ...block, 'STREAMS', this.#stream, afterId]
    try {
      const session = await this.#open()
      const entries = entriesOf(await session.send(command, waitMs + ANSWER_MS))
      const [first] = entries
      if (first && placeOf(first.id) > placeOf(afterId) + 1)
        return [missedAt(placeOf(first.id) - 1), ...entries]
      if (first || placeOf(afterId) === 0) return entries
      // Nothing is new; or the stream is another one, which has not come as far as we have read.
      const last = placeOf(
        lastIdOf(await session.send(['XREVRANGE', this.#stream, '+', '-', 'COUNT', '1'], ANSWER_MS)),
      )
      return last < placeOf(afterId) ? [missedAt(last)] : []
    } catch (error) {
      throw unavailable(error)
    }
  }

  /** What waits fails. Safe to call twice. */
  close(): void {
    this.#isClosed = true
    void this.#session
      ?.then(session => session.close(new Error('closed')))
      .catch(() => {
        // It was never open.
      })
  }

  async #open(): Promise<RedisSession> {
    const earlier = await this.#session?.catch(() => undefined)
    if (earlier?.isOpen) return earlier
    this.#session = this.#connection.openSession('diemcau-sfu-inbox')
    const session = await this.#session
    if (this.#isClosed) session.close(new Error('closed'))
    return session
  }
}

/** Entries of a stream are numbered one by one (common.lua: mail): 0-1, 0-2, … `0` is before all. */
const placeOf = (id: string): number => Number(id.split('-')[1] ?? 0)
const missedAt = (place: number): InboxEntry => ({ id: `0-${place}`, message: { type: 'missed' } })
const lastIdOf = (reply: RedisReply): string =>
  Array.isArray(reply) && Array.isArray(reply[0]) ? String(reply[0][0]) : '0'

/** XREAD answers by stream: a map in RESP3. */
function entriesOf(reply: RedisReply): InboxEntry[] {
  if (reply === null || typeof reply !== 'object') return []
  const [entries] = Array.isArray(reply) ? [(reply[0] as RedisReply[])[1]] : Object.values(reply)
  return (entries as [string, string[]][]).map(([id, [, text]]) => ({
    id,
    message: JSON.parse(text!) as InboxMessage,
  }))
}
