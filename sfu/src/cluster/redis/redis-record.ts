import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { Log } from '../../room/base/log.ts'
import {
  type ClusterRecord,
  DELIVERY_LEASE_MS,
  MOST_ENTRIES,
  RESTORE_WINDOW_MS,
  SPLIT_STANDS_MS,
} from '../record/cluster-record.ts'
import type * as calls from '../record/record-calls.ts'
import type * as types from '../record/record-types.ts'
import { RedisConnection, type RedisListener } from './redis-connection.ts'
import { RedisInbox } from './redis-inbox.ts'
import type { RedisReply } from './redis-session.ts'
import { RedisSteps, type StepName } from './redis-steps.ts'
import type { RedisTarget } from './redis-url.ts'

/** Redis answers in this time, or counts as away. */
const ANSWER_MS = 1_000

/** A node reads one; tests read those of several nodes. */
const MOST_INBOXES = 4

export interface RedisRecordOptions {
  target: RedisTarget
  log: Log
  /** Told when Redis is there (again) and when it is away. */
  listener?: RedisListener
  timeoutMs?: number
  /** How long the first connection may take, ms. */
  startMs?: number
  /** Certificates to believe instead of the system's, PEM. */
  ca?: string
}

/** The shared record of a cluster in a Redis. What each key holds is said in `scripts/common.lua`; each step is a file beside it. */
export class RedisRecord implements ClusterRecord {
  readonly #connection: RedisConnection
  readonly #steps: RedisSteps
  readonly #inboxes = new Map<types.Incarnation, RedisInbox>()
  #isClosed = false

  private constructor(connection: RedisConnection, timeoutMs: number) {
    this.#connection = connection
    this.#steps = new RedisSteps(connection, timeoutMs)
  }

  /** Resolves when Redis is there. @throws RedisUnfitError, RedisAwayError: see RedisConnection.create */
  static async create(options: RedisRecordOptions): Promise<RedisRecord> {
    const timeoutMs = options.timeoutMs ?? ANSWER_MS
    return new RedisRecord(await RedisConnection.create({ ...options, timeoutMs }), timeoutMs)
  }

  hello = (call: calls.Hello) =>
    this.#step<{ buried?: types.Incarnation }>('hello', call, newEra()).then(answer =>
      mapped(answer, ({ buried = null }) => ({ buried })),
    )
  beat = (call: calls.Beat) =>
    this.#step<string[]>('beat', call, newEra()).then(answer =>
      mapped(answer, flat => ({ counts: countsOf(flat) })),
    )
  bury = (call: calls.EraCall & { dead: types.Incarnation; count: number }) =>
    this.#step<'buried_now' | 'was_buried' | 'alive'>('bury', call)
  inherit = (call: calls.EraCall & { dead: types.Incarnation }) =>
    this.#step<types.OwedEnding[] | 'not_buried'>('inherit', call).then(answer =>
      mapped(answer, value => (value === 'not_buried' ? value : list(value))),
    )
  split = (call: calls.EraCall & { roomSid: RoomId; a: types.Incarnation; b: types.Incarnation }) =>
    this.#step<{ loser: types.Incarnation }>('split', call, { standsMs: SPLIT_STANDS_MS })
  restore = (call: calls.Restore) =>
    this.#step<calls.RestoreAnswer>('restore', call).then(answer =>
      mapped(answer, ({ lost, closed }) => ({ lost: list(lost), closed: list(closed) })),
    )

  open = (call: calls.Open) =>
    this.#step<{ room: RawRoom; hasOpened: boolean } | 'too_many' | undefined>('open', call).then(answer =>
      mapped<typeof answer extends calls.Answer<infer T> ? T : never, calls.OpenAnswer>(answer, value =>
        typeof value === 'object' ? { ...value, room: roomOf(value.room) } : (value ?? null),
      ),
    )
  join = (call: calls.Join) =>
    this.#step<RawJoin>('join', call).then(answer => mapped<RawJoin, calls.JoinAnswer>(answer, joined))
  release = (call: calls.Release) => this.#step<'released' | 'not_held'>('release', call)
  keep = (call: calls.Keep) => this.#step<{ keptRev: number } | 'no_room' | 'lost'>('keep', call)
  emit = (call: calls.Emit) => this.#step<'taken' | 'had' | 'not_owed' | 'no_room'>('emit', call)
  change = (call: calls.Change) =>
    this.#step<{ is: 'done' | 'stale'; room: RawRoom } | { is: 'no_room' }>('change', call).then(answer =>
      mapped(answer, value => ('room' in value ? { ...value, room: roomOf(value.room) } : value)),
    )
  revoke = (call: calls.EraCall & types.Revocation) => this.#step<'done'>('revoke', call)
  enter = (call: calls.EraCall & { roomSid: RoomId }) =>
    this.#step<RawRoom | undefined>('enter', call).then(answer =>
      mapped(answer, room => (room ? roomOf(room) : null)),
    )
  exit = (call: calls.EraCall & { roomSid: RoomId }) => this.#step<'done' | 'held' | 'no_room'>('exit', call)
  told = (call: calls.Told) =>
    this.#step<calls.ToldAnswer | 'not_yours' | 'no_room'>('told', call).then(answer =>
      mapped(answer, value => (typeof value === 'string' ? value : { ...value, taken: list(value.taken) })),
    )
  closeRoom = (call: calls.EraCall & { roomSid: RoomId; reason: string }) =>
    this.#step<{ hasFinished: boolean }>('close-room', call)
  sweep = (call: calls.EraCall) =>
    this.#step<calls.SweepAnswer>('sweep', call).then(answer =>
      mapped(answer, ({ closed, finished, orphans }) => ({
        closed: list(closed),
        finished: list(finished),
        orphans: list(orphans),
      })),
    )

  takeDelivery = (call: calls.EraCall & { roomName: string; isLast?: boolean }) =>
    this.#step<boolean>('take-delivery', call, { leaseMs: DELIVERY_LEASE_MS })
  async delivered(
    call: calls.EraCall & { roomName: string; entryIds: string[] },
  ): Promise<calls.Answer<'done'>> {
    for (let i = 0; ; i += MOST_ENTRIES) {
      const entryIds = call.entryIds.slice(i, i + MOST_ENTRIES)
      const answer = await this.#step<'done'>('delivered', { ...call, entryIds } as calls.Call)
      if (answer.outcome !== 'done' || i + MOST_ENTRIES >= call.entryIds.length) return answer
    }
  }
  async undelivered(): Promise<string[]> {
    return words(await this.#send(['ZRANGE', 'sfu:undelivered', '0', String(MOST_ENTRIES - 1)]))
  }
  async nextEvents(roomName: string, limit: number, afterEntryId?: string): Promise<types.WebhookEntry[]> {
    const from = afterEntryId === undefined ? '-' : `(${afterEntryId}`
    const reply = await this.#send(['XRANGE', `sfu:wh:${roomName}`, from, '+', 'COUNT', String(limit)])
    return (reply as [string, string[]][]).map(([entryId, flat]) => eventOf(entryId, flat))
  }
  async waitingEvents(roomName: string): Promise<number> {
    return Number(await this.#send(['XLEN', `sfu:wh:${roomName}`]))
  }

  roomByName = (name: string) => this.#readRoom('room_by_name', { name })
  roomBySid = async (sid: RoomId) => {
    const { isOver, ...answer } = await this.#readRoom('room_by_sid', { sid })
    return { ...answer, isOver: isOver === true }
  }
  async openRooms(afterName: string | null) {
    const { rooms, ...stamp } = await this.#read<{ rooms: RawRoom[] }>('open_rooms', { after: afterName })
    return { ...stamp, rooms: list(rooms).map(roomOf) }
  }
  /** A large room is read in steps: who comes or goes meanwhile may be in it or not. */
  async claims(sid: RoomId) {
    const stamp = await this.#read<object>('nothing')
    const claims = new Map<string, types.Claim>()
    let identity: string | undefined
    for await (const word of this.#scan('HSCAN', `sfu:c:${sid}`, [])) {
      if (identity === undefined) identity = word
      else {
        claims.set(identity, JSON.parse(word) as types.Claim)
        identity = undefined
      }
    }
    return { ...stamp, claims: [...claims.values()] }
  }
  async claimOf(sid: RoomId, identity: string) {
    const { claim = null, ...stamp } = await this.#read<{ claim?: types.Claim }>('claim_of', {
      sid,
      identity,
    })
    return { ...stamp, claim }
  }
  owedBy = (inst: types.Incarnation) => this.#readOwed('owed_by', { inst })
  async owedOf(inst: types.Incarnation, psid: ParticipantId) {
    const match = `*\n${psid.replace(/[\\*?[\]]/g, '\\$&')}`
    const sids = new Set<string>()
    for await (const member of this.#scan('SSCAN', `sfu:i:${inst}`, ['MATCH', match]))
      sids.add(member.split('\n')[0]!)
    return this.#readOwed('owed_of', { sids: [...sids], psid })
  }
  async nodes() {
    const { nodes, ...stamp } = await this.#read<{ nodes: types.NodeFacts[] }>('nodes')
    return { ...stamp, nodes: list(nodes).map(node => ({ ...node, heard: list(node.heard) })) }
  }

  async readInbox(inst: types.Incarnation, afterId: string, limit: number, waitMs: number) {
    this.#assertOpen()
    const inbox = this.#inboxes.get(inst) ?? new RedisInbox(this.#connection, inst)
    // Last come those that were read last: the inbox of a buried incarnation is not read again, and its connection ends.
    this.#inboxes.delete(inst)
    this.#inboxes.set(inst, inbox)
    const [oldest] = this.#inboxes.keys()
    if (oldest !== undefined && this.#inboxes.size > MOST_INBOXES) {
      this.#inboxes.get(oldest)?.close()
      this.#inboxes.delete(oldest)
    }
    return inbox.read(afterId, limit, waitMs)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const inbox of this.#inboxes.values()) inbox.close()
    this.#connection.close('the record is closed')
  }

  async #step<T>(
    name: StepName,
    call: calls.Call,
    more: Record<string, unknown> = {},
  ): Promise<calls.Answer<T>> {
    this.#assertOpen()
    const whole = { ...call, ...more }
    const entries = Object.values(whole).reduce<number>(
      (sum, one) => sum + (Array.isArray(one) ? one.length : 0),
      0,
    )
    // A step holds up all of Redis while it runs.
    if (entries > MOST_ENTRIES) throw new AppError('internal', `${entries} entries in one step of the record`)
    return this.#steps.step<T>(name, whole)
  }
  async #read<T>(of: string, what: Record<string, unknown> = {}): Promise<calls.Stamp & T> {
    this.#assertOpen()
    return this.#steps.read<T>(of, what)
  }
  async #send(command: string[]): Promise<RedisReply> {
    this.#assertOpen()
    return this.#steps.send(command)
  }
  /** What a hash or a set holds, some MOST_ENTRIES words a step; what was there all the time comes at least once. */
  async *#scan(command: 'HSCAN' | 'SSCAN', key: string, more: string[]): AsyncGenerator<string> {
    let cursor = '0'
    do {
      const reply = await this.#send([command, key, cursor, ...more, 'COUNT', String(MOST_ENTRIES)])
      const [next, found] = reply as [string, string[]]
      yield* found
      cursor = next
    } while (cursor !== '0')
  }
  async #readRoom(of: string, what: Record<string, unknown>) {
    const { room, ...rest } = await this.#read<{ room?: RawRoom; isOver?: boolean }>(of, what)
    return { ...rest, room: room ? roomOf(room) : null }
  }
  async #readOwed(of: string, what: Record<string, unknown>) {
    const { owed, ...stamp } = await this.#read<{ owed: types.OwedEnding[] }>(of, what)
    return { ...stamp, owed: list(owed) }
  }
  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('unavailable', 'the record is closed')
  }
}

/** As cjson writes it: what is nil is left out. */
type RawRoom = Omit<types.RoomRecord, 'idleAtMs'> & { idleAtMs?: number }
type RawJoin =
  | Extract<calls.JoinAnswer, { is: 'refused' }>
  | { is: 'lost'; room: RawRoom; epoch: number; newest: number }
  | {
      is: 'claimed'
      room: RawRoom
      epoch: number
      former?: types.Claim
      kept?: types.KeptFacts
      hasOpened: boolean
    }

/** The id of an era, if the step makes one; `math.random` of Redis's Lua always begins alike. */
const newEra = () => ({ newEra: crypto.randomUUID(), windowMs: RESTORE_WINDOW_MS })

const roomOf = ({
  idleAtMs = null,
  ...room
}: { idleAtMs?: number | null } & Omit<RawRoom, 'idleAtMs'>): types.RoomRecord => ({
  ...room,
  nodes: list(room.nodes),
  idleAtMs,
})

function joined(raw: RawJoin): calls.JoinAnswer {
  if (raw.is === 'refused') return raw
  if (raw.is === 'lost') return { ...raw, room: roomOf(raw.room) }
  return { ...raw, room: roomOf(raw.room), former: raw.former ?? null, kept: raw.kept ?? null }
}

/** cjson writes an empty table as an object. */
const list = <T>(value: T[]): T[] => (Array.isArray(value) ? value : [])

const mapped = <T, U>(answer: calls.Answer<T>, map: (value: T) => U): calls.Answer<U> =>
  answer.outcome === 'done' ? { ...answer, value: map(answer.value) } : answer

const words = (reply: RedisReply): string[] => (Array.isArray(reply) ? reply.map(String) : [])

function* pairs(flat: string[]): Generator<[string, string]> {
  for (let i = 0; i + 1 < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!]
}

const countsOf = (flat: string[]) =>
  new Map([...pairs(flat)].map(([inst, count]) => [inst as types.Incarnation, Number(count)]))

function eventOf(entryId: string, flat: string[]): types.WebhookEntry {
  const fields = Object.fromEntries(pairs(flat)) as Record<keyof types.WebhookEntry, string>
  const { id, kind, roomSid, body, atMs, reason, writer } = fields
  return {
    entryId,
    id: id!,
    kind: kind as types.WebhookKind,
    roomSid: roomSid as RoomId,
    body: body!,
    atMs: Number(atMs),
    reason: reason!,
    writer: writer as types.Incarnation,
  }
}
