/** The shared record of a cluster that is one process: of tests, and of a node without Redis. */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { ClusterRecord } from './cluster-record.ts'
import { MemorySteps } from './memory-steps.ts'
import type { Answer, Call } from './record-calls.ts'
import type { InboxEntry, Incarnation } from './record-types.ts'

export class MemoryRecord implements ClusterRecord {
  readonly steps: MemorySteps
  readonly #waiting = new Map<Incarnation, Set<() => void>>()
  #isClosed = false

  /** `now`: the record's own clock, milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.steps = new MemorySteps(now, inst => this.#wake(inst))
  }

  readonly hello = this.#call('hello')
  readonly beat = this.#call('beat')
  readonly bury = this.#call('bury')
  readonly inherit = this.#call('inherit')
  readonly split = this.#call('split')
  readonly restore = this.#call('restore')
  readonly open = this.#call('open')
  readonly join = this.#call('join')
  readonly release = this.#call('release')
  readonly keep = this.#call('keep')
  readonly emit = this.#call('emit')
  readonly change = this.#call('change')
  readonly revoke = this.#call('revoke')
  readonly enter = this.#call('enter')
  readonly exit = this.#call('exit')
  readonly told = this.#call('told')
  readonly closeRoom = this.#call('closeRoom')
  readonly sweep = this.#call('sweep')
  readonly takeDelivery = this.#call('takeDelivery')
  readonly delivered = this.#call('delivered')

  undelivered = async () => this.#open().undelivered()
  nextEvents = async (roomName: string, limit: number, afterEntryId?: string) =>
    this.#open().nextEvents(roomName, limit, afterEntryId)
  waitingEvents = async (roomName: string) => this.#open().state.streams.get(roomName)?.length ?? 0
  roomByName = async (name: string) => this.#open().roomByName(name)
  roomBySid = async (sid: RoomId) => this.#open().roomBySid(sid)
  openRooms = async (afterName: string | null) => this.#open().openRooms(afterName)
  claims = async (sid: RoomId) => this.#open().claims(sid)
  claimOf = async (sid: RoomId, identity: string) => {
    const { claims, ...stamp } = this.#open().claims(sid)
    return { ...stamp, claim: claims.find(claim => claim.identity === identity) ?? null }
  }
  owedBy = async (inst: Incarnation) => this.#open().owed(inst)
  owedOf = async (inst: Incarnation, psid: ParticipantId) => this.#open().owed(inst, psid)
  nodes = async () => this.#open().nodes()

  async readInbox(inst: Incarnation, afterId: string, limit: number, waitMs: number): Promise<InboxEntry[]> {
    const entries = this.#open().inbox(inst, afterId, limit)
    if (entries.length > 0 || waitMs <= 0) return entries
    await this.#mail(inst, waitMs)
    return this.#open().inbox(inst, afterId, limit)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const inst of [...this.#waiting.keys()]) this.#wake(inst)
  }

  #mail(inst: Incarnation, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const readers = this.#waiting.get(inst) ?? new Set()
    this.#waiting.set(inst, readers)
    readers.add(resolve)
    const timer = setTimeout(resolve, waitMs)
    return promise.finally(() => {
      clearTimeout(timer)
      readers.delete(resolve)
      if (readers.size === 0 && this.#waiting.get(inst) === readers) this.#waiting.delete(inst)
    })
  }
  #wake(inst: Incarnation): void {
    for (const resolve of this.#waiting.get(inst) ?? []) resolve()
  }

  #open(): MemorySteps {
    if (this.#isClosed) throw new AppError('unavailable', 'the record is closed')
    return this.steps
  }
  #call<K extends StepName>(name: K): (call: CallOf<K>) => Promise<AnswerOf<K>> {
    return async call => (this.#open()[name] as (call: CallOf<K>) => AnswerOf<K>)(call)
  }
}

/** The steps of MemorySteps that take a caller. */
type StepName = {
  [K in keyof MemorySteps]: MemorySteps[K] extends (call: never) => Answer<unknown> ? K : never
}[keyof MemorySteps]
type CallOf<K extends StepName> = Parameters<MemorySteps[K]>[0] & Call
type AnswerOf<K extends StepName> = ReturnType<MemorySteps[K]>
