/**
 * What the API said while the record was away, acknowledged because all nodes that could be told hold it: each puts it into the record as soon as that is
 * back, and lets nobody in without it until then. It is lost when all who hold it die before. Owned by the session, whose end ends it.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import { z } from 'zod'
import type { Log } from '../../room/base/log.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import type { EraCall, Restore } from '../record/record-calls.ts'
import type { KeptFacts, Revocation } from '../record/record-types.ts'

/** Of all words together; what comes then is not held, and so not acknowledged. */
const HELD_BYTES = 16 * 1024 * 1024
/** What a word takes besides its body, about. */
const WORD_BYTES = 500
/** A word that the record has counts for so long still for who comes, ms: a join that it answered before may be under way. */
const LINGER_MS = 15_000

const revocation = z.object({ roomName: z.string(), identity: z.string(), beforeS: z.number().nonnegative() })
/** How a word travels. */
export const heldWordSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('kept'),
    roomSid: z.string().transform(sid => sid as RoomId),
    identity: z.string(),
    kept: z.object({ rev: z.number().int().positive(), body: z.string() }),
  }),
  z.object({ type: z.literal('revoked'), revocation }),
])

export type HeldWord =
  | { type: 'kept'; roomSid: RoomId; identity: string; kept: KeptFacts }
  | { type: 'revoked'; revocation: Revocation }

/** Each word is an entry of its own, so that a newer one is told from it. */
interface Entry {
  readonly word: HeldWord
}

export class HeldWords {
  readonly #steps: RecordSteps
  readonly #log: Log
  readonly #most: number
  /** By what they are of. */
  readonly #entries = new Map<string, Entry>()
  /** Of them: those the record does not have, the oldest first. */
  readonly #owed = new Map<string, Entry>()
  #bytes = 0
  #isPutting = false

  /** `most`: bytes of all words; default HELD_BYTES. */
  constructor(steps: RecordSteps, log: Log, most = HELD_BYTES) {
    this.#steps = steps
    this.#log = log
    this.#most = most
  }

  /** From now on it holds here, and goes into the record. A newer word of the same stands for it. False: there is no more room. */
  hold(word: HeldWord): boolean {
    const key = keyOf(word)
    const there = this.#entries.get(key)
    if (there && !isNewer(word, there.word)) return true
    const bytes = this.#bytes - (there ? sizeOf(there.word) : 0) + sizeOf(word)
    if (bytes > this.#most) return false
    this.#bytes = bytes
    const entry = { word }
    this.#entries.set(key, entry)
    this.#owed.set(key, entry)
    void this.#putAll()
    return true
  }

  /** What counts for somebody who comes: what the record has, or what is held and newer. */
  newest(roomSid: RoomId, identity: string, record: KeptFacts | null): KeptFacts | null {
    const word = this.#entries.get(keptKey(roomSid, identity))?.word
    if (word?.type !== 'kept' || word.kept.rev <= (record?.rev ?? 0)) return record
    return word.kept
  }

  /** For a record that was emptied. Revoked tokens are put back by the rooms, which refuse them. */
  kept(): Restore['kept'] {
    return [...this.#owed.values()].flatMap(({ word }) =>
      word.type === 'kept' ? [{ roomSid: word.roomSid, identity: word.identity, kept: word.kept }] : [],
    )
  }

  async #putAll(): Promise<void> {
    if (this.#isPutting) return
    this.#isPutting = true
    try {
      for (;;) {
        const [next] = this.#owed
        if (!next) return
        const [key, entry] = next
        await this.#steps.insist<unknown>(call => this.#put(call, entry.word))
        // A newer one may have come meanwhile: it is next.
        if (this.#owed.get(key) === entry) this.#owed.delete(key)
        setTimeout(() => this.#forget(key, entry), LINGER_MS).unref()
      }
    } catch (error) {
      // This incarnation has ended: the others hold it, too.
      this.#log.info({ err: error, words: this.#owed.size }, 'what the API said was not put into the record')
    } finally {
      this.#isPutting = false
    }
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return
    this.#entries.delete(key)
    this.#bytes -= sizeOf(entry.word)
  }

  #put(call: EraCall, word: HeldWord) {
    const { record } = this.#steps
    if (word.type === 'revoked') return record.revoke({ ...call, ...word.revocation })
    const { roomSid, identity, kept } = word
    return record.keep({ ...call, roomSid, identity, kept })
  }
}

const keptKey = (roomSid: RoomId, identity: string): string => JSON.stringify(['kept', roomSid, identity])
const keyOf = (word: HeldWord): string =>
  word.type === 'kept'
    ? keptKey(word.roomSid, word.identity)
    : JSON.stringify(['revoked', word.revocation.roomName, word.revocation.identity])

const sizeOf = (word: HeldWord): number =>
  WORD_BYTES + (word.type === 'kept' ? Buffer.byteLength(word.kept.body) : 0)

function isNewer(word: HeldWord, there: HeldWord): boolean {
  if (word.type === 'kept' && there.type === 'kept') return word.kept.rev > there.kept.rev
  if (word.type === 'revoked' && there.type === 'revoked')
    return word.revocation.beforeS > there.revocation.beforeS
  return true
}
