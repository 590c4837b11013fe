/**
 * The record in Redis and the one in memory are the same machine: whatever is asked of both in whatever order, both answer alike and tell
 * their nodes alike. What differs by nature is compared by its order (epochs) or left out (times, places in streams).
 */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noRedisServer, RedisServer } from '../../../../testing/redis-server.ts'
import { silentLog } from '../../room/base/log.ts'
import { type ClusterRecord, RESTORE_WINDOW_MS } from '../record/cluster-record.ts'
import { MemoryRecord } from '../record/memory-record.ts'
import type { EraCall } from '../record/record-calls.ts'
import type { Claim, Incarnation, OwedEnding, RoomDraft, RoomFacts } from '../record/record-types.ts'
import { RedisConnection } from './redis-connection.ts'
import { RedisRecord } from './redis-record.ts'
import { redisUrl } from './redis-url.ts'

const insts = ['ND_a', 'ND_b', 'ND_c', 'ND_d'] as Incarnation[]
const names = ['hall', 'Ủy ban ☂']
const people = ['chair', 'secretary', 'guest', 'hall "1"\n']
const psids = Array.from({ length: 9 }, (_, i) => `PA_${i}` as ParticipantId)
const sids = Array.from({ length: 6 }, (_, i) => `RM_${i}` as RoomId)

/** One of the two records, with all a caller has to know to ask it. */
interface Side {
  record: ClusterRecord
  era: string
  nowMs(): Promise<number>
  /** Everything is forgotten. */
  empty(): Promise<void>
  /** The restore window is over. */
  open(): Promise<void>
  /** Who delivers this name does so for good: the clocks of the two sides do not run alike. */
  hold(roomName: string): Promise<void>
  /** The last claim this side answered for a connection. */
  seats: Map<ParticipantId, Claim & { roomSid: RoomId; roomName: string }>
  /** All of them, also those that are no more. */
  remembered: (Claim & { roomSid: RoomId })[]
  hosts: Map<Incarnation, string>
  inboxAt: Map<Incarnation, string>
}

/** What is asked: numbers that choose among the few nodes, rooms and people there are. */
const asked = fc.record({
  what: fc.nat(99),
  inst: fc.nat(insts.length - 1),
  other: fc.nat(insts.length - 1),
  name: fc.nat(names.length - 1),
  sid: fc.nat(sids.length - 1),
  who: fc.nat(people.length - 1),
  psid: fc.nat(psids.length - 1),
  n: fc.nat(4),
  flag: fc.boolean(),
})
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never

const draftOf = ({ sid, name, n, flag }: Asked): RoomDraft => ({
  sid: sids[sid]!,
  name: names[name]!,
  maxParticipants: n,
  emptyTimeoutMs: flag ? 0 : 3_600_000,
  departureTimeoutMs: flag ? 3_600_000 : 0,
  body: `body ${n}`,
})

async function ask(side: Side, one: Asked): Promise<unknown> {
  const { record } = side
  const psid = psids[one.psid]!
  // Mostly of somebody who is there, by whoever has them.
  const seat = one.what >= 26 && one.n !== 4 ? side.seats.get(psid) : undefined
  const inst = (one.flag ? seat?.inst : undefined) ?? insts[one.inst]!
  const other = insts[one.other]!
  const { roomSid, roomName, identity } = seat ?? {
    roomSid: sids[one.sid]!,
    roomName: names[one.name]!,
    identity: people[one.who]!,
  }
  const call: EraCall = {
    inst,
    era: one.what === 99 ? 'another era' : side.era,
    deadlineMs: (await side.nowMs()) + (one.what === 98 ? -1 : 60_000),
  }
  const event = {
    id: `event ${one.n}`,
    body: `said by ${one.inst}`,
    ...(one.flag ? { atMs: 1_700_000_000_000 } : {}),
  }
  const { what } = one
  if (what < 26 || what >= 98) {
    const answer = await record.join({
      ...call,
      roomName,
      psid,
      identity,
      owner: one.n === 1 ? people[0] : undefined,
      isCounted: one.n !== 0,
      isForwarded: one.n === 2,
      tokenFromS: one.flag ? 1_000 : null,
      epochSeen: 0,
      draft: one.n === 3 ? null : draftOf(one),
      info: `info of ${identity}`,
    })
    if (answer.outcome === 'done' && answer.value.is === 'claimed') {
      const { epoch, room } = answer.value
      const claim = { identity, psid, inst, epoch, isCounted: one.n !== 0, isForwarded: one.n === 2 }
      side.seats.set(psid, { ...claim, roomSid: room.sid, roomName })
      side.remembered.push({ ...claim, roomSid: room.sid })
    }
    return answer
  }
  if (what < 32)
    return record.release({
      ...call,
      roomSid,
      identity,
      psid,
      epoch: one.flag ? null : (seat?.epoch ?? 1),
    })
  if (what < 38) {
    const told = one.flag ? { psid, version: one.n, info: `info ${one.n}` } : undefined
    return record.keep({
      ...call,
      roomSid,
      identity,
      kept: { rev: one.n, body: `kept ${one.n}` },
      seat: told,
    })
  }
  if (what < 46)
    return record.emit({ ...call, roomSid, event, psid: one.n > 0 ? psid : undefined, isJoined: one.n === 1 })
  if (what < 50) return record.change({ ...call, roomSid, ifRev: one.n, to: draftOf(one) })
  if (what < 52) return record.revoke({ ...call, roomName, identity, beforeS: 998 + one.n })
  if (what < 55) return record.enter({ ...call, roomSid })
  if (what < 58) return record.exit({ ...call, roomSid })
  if (what < 67) return record.told({ ...call, roomSid, roomName, psid, events: one.flag ? [event] : [] })
  if (what < 70) return record.closeRoom({ ...call, roomSid, reason: `reason ${one.n}` })
  if (what < 73) return record.sweep(call)
  if (what < 75) return record.open({ ...call, draft: draftOf(one) })
  if (what < 78)
    return record.beat({
      ...call,
      host: hostOf(side, inst),
      facts: `facts ${one.n}`,
      load: String(one.n),
      heard: one.flag ? [other] : [],
    })
  if (what < 80) {
    const host = hostOf(side, one.flag ? other : inst)
    if (other !== inst) side.hosts.set(other, `${other} is at ${host} no more`)
    side.hosts.set(inst, host)
    return record.hello({ ...call, host, facts: 'new' })
  }
  if (what < 83) {
    const { nodes } = await record.nodes()
    const count = nodes.find(node => node.inst === other)?.count ?? 0
    return record.bury({ ...call, dead: other, count: one.flag ? count : one.n })
  }
  if (what < 87) return record.inherit({ ...call, dead: other })
  if (what < 89) return record.split({ ...call, roomSid, a: inst, b: other })
  if (what < 91) {
    const answer = await record.takeDelivery({ ...call, roomName })
    await side.hold(roomName)
    return answer
  }
  if (what < 95) {
    const entries = await record.nextEvents(roomName, one.n + 1)
    return record.delivered({ ...call, roomName, entryIds: entries.map(({ entryId }) => entryId) })
  }
  return startAnew(side, one)
}

/** Everything is lost, and the nodes tell what they remember: some of it twice, some of it not at all. */
async function startAnew(side: Side, one: Asked): Promise<unknown> {
  const { record } = side
  const rooms: RoomFacts[] = []
  const claims: (Claim & { roomSid: RoomId })[] = []
  const owed: OwedEnding[] = []
  for (const sid of sids) {
    const { room } = await record.roomBySid(sid)
    if (!room) continue
    const { counted, holding, nodes, idleAtMs, ...facts } = room
    rooms.push({ ...facts, createdMs: 1_000 + one.n * 7 * rooms.length })
    for (const claim of (await record.claims(sid)).claims) claims.push({ ...claim, roomSid: sid })
  }
  for (const inst of insts) owed.push(...(await record.owedBy(inst)).owed)
  await side.empty()
  side.inboxAt.clear()
  const words: unknown[] = []
  const living = insts.filter((_, i) => i !== one.other)
  for (const inst of living) {
    const call = { inst, deadlineMs: (await side.nowMs()) + 60_000 }
    const beat = await record.beat({ ...call, host: hostOf(side, inst), facts: '', load: '', heard: [] })
    side.era = beat.era.id
    words.push(
      beat,
      await record.restore({
        ...call,
        era: side.era,
        burials: one.flag ? [insts[one.other]!] : [],
        over: one.n === 1 ? [sids[one.sid]!] : [],
        rooms: one.flag ? rooms : rooms.toReversed(),
        ended: one.n === 2 ? [{ roomSid: sids[one.sid]!, psid: psids[one.psid]! }] : [],
        claims: (one.n < 3 ? claims : side.remembered.slice(-60)).filter(claim => claim.inst === inst),
        owed: owed.filter(ending => ending.inst === inst || one.flag).sort(byPlace),
        kept:
          one.n === 3
            ? [{ roomSid: sids[one.sid]!, identity: people[one.who]!, kept: { rev: 3, body: 'kept' } }]
            : [],
        revoked: [{ roomName: names[one.name]!, identity: people[one.who]!, beforeS: 999 + one.n }],
        events: [
          {
            roomSid: sids[one.sid]!,
            roomName: names[one.name]!,
            event: { id: `event ${one.n}`, body: inst },
          },
        ],
      }),
      await record.sweep({ ...call, era: side.era }),
    )
  }
  await side.open()
  return words
}

const hostOf = (side: Side, inst: Incarnation) => side.hosts.get(inst) ?? `${inst}:1`

const byPlace = (a: OwedEnding, b: OwedEnding) =>
  JSON.stringify([a.roomSid, a.psid]) < JSON.stringify([b.roomSid, b.psid]) ? -1 : 1

/** All that can be read, and the new mail. */
async function look(side: Side): Promise<unknown> {
  const { record } = side
  const mail: unknown[] = []
  for (const inst of insts) {
    const entries = await record.readInbox(inst, side.inboxAt.get(inst) ?? '0', 1_000, 0)
    side.inboxAt.set(inst, entries.at(-1)?.id ?? side.inboxAt.get(inst) ?? '0')
    // Only Redis notices that the stream of somebody buried is gone.
    const messages = entries.map(({ message }) => message).filter(({ type }) => type !== 'missed')
    mail.push(calm(messages, ({ type }) => type === 'closed'))
  }
  return {
    mail,
    rooms: await Promise.all(sids.map(sid => record.roomBySid(sid))),
    named: await Promise.all(names.map(name => record.roomByName(name))),
    claims: await Promise.all(sids.map(async sid => ({ sid, ...(await record.claims(sid)) }))),
    one: { sid: sids[0], ...(await record.claimOf(sids[0]!, people[0]!)) },
    owed: await Promise.all(insts.map(inst => record.owedBy(inst))),
    owedOf: await Promise.all(psids.map(psid => record.owedOf(insts[0]!, psid))),
    nodes: await record.nodes(),
    open: (await record.openRooms(null)).rooms.map(({ sid }) => sid).sort(),
    undelivered: (await record.undelivered()).sort(),
    events: await Promise.all(
      names.map(async name =>
        calm(await record.nextEvents(name, 1_000), ({ kind }) => kind === 'room_finished'),
      ),
    ),
  }
}

/** Rooms that end in the same sweep end in no order: neighbours of that kind are put in one. */
function calm<T extends object>(items: T[], isUnordered: (item: T) => boolean): T[] {
  const sidOf = (item: T) => ('roomSid' in item ? String(item.roomSid) : '')
  const calmed: T[] = []
  for (const item of items) {
    let at = calmed.length
    while (
      at > 0 &&
      isUnordered(item) &&
      isUnordered(calmed[at - 1]!) &&
      sidOf(calmed[at - 1]!) > sidOf(item)
    )
      at--
    calmed.splice(at, 0, item)
  }
  return calmed
}

/** Two answers made comparable: times are only there or not, epochs are their rank, and sets have an order. */
function comparable(value: unknown, ranks: Map<string, number[]>, sid = ''): unknown {
  if (value instanceof Map) return comparable(Object.fromEntries(value), ranks, sid)
  if (Array.isArray(value)) {
    const items = value.map(item => comparable(item, ranks, sid))
    const isSet = items.every(
      item =>
        typeof item === 'string' ||
        (item !== null &&
          typeof item === 'object' &&
          ('psid' in item || 'inst' in item) &&
          !('type' in item)),
    )
    return isSet ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
  }
  if (value === null || typeof value !== 'object') return value
  const {
    roomSid,
    sid: own,
    room,
  } = value as { roomSid?: string; sid?: string; room?: { sid: string } | null }
  const within = roomSid ?? own ?? room?.sid ?? sid
  const pairs = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (name === 'era' || name === 'entryId') return []
    if (name === 'epoch' || name === 'newest') return [[name, rankOf(inner as number, ranks, within)]]
    if (name.endsWith('Ms') && !name.endsWith('TimeoutMs')) return [[name, inner === null ? null : 'a time']]
    return [[name, comparable(inner, ranks, within)]]
  })
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Both sides meet the epochs of a room in the same order, or they differ. */
function rankOf(epoch: number, ranks: Map<string, number[]>, sid: string): number {
  if (epoch === 0) return 0
  const seen = ranks.get(sid) ?? []
  ranks.set(sid, seen)
  if (!seen.includes(epoch)) seen.push(epoch)
  return seen.indexOf(epoch) + 1
}

if (noRedisServer) console.warn(`memory-and-redis.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('memory and Redis', () => {
  let redis: RedisServer
  let admin: RedisConnection
  let record: RedisRecord
  beforeAll(async () => {
    redis = await RedisServer.create()
    const target = redisUrl.parse(redis.url)
    admin = await RedisConnection.create({ target, log: silentLog, timeoutMs: 20_000 })
    // The machine may be busy: what is compared is not how fast it is.
    record = await RedisRecord.create({ target, log: silentLog, timeoutMs: 20_000 })
  })
  afterAll(async () => {
    await record?.close()
    admin?.close('tests over')
    await redis?.close()
  })

  function redisSide(): Side {
    return {
      record,
      era: 'era',
      nowMs: async () => (await record.nodes()).atMs,
      empty: async () => void (await admin.send(['FLUSHALL'])),
      open: async () => void (await admin.send(['HSET', 'sfu:era', 'openFromMs', '1'])),
      hold: async roomName => void (await admin.send(['PERSIST', `sfu:wl:${roomName}`])),
      seats: new Map(),
      remembered: [],
      hosts: new Map(),
      inboxAt: new Map(),
    }
  }
  function memorySide(): Side {
    let nowMs = 1_800_000_000_000
    const memory = new MemoryRecord(() => nowMs)
    return {
      record: memory,
      era: '',
      nowMs: async () => {
        nowMs += 1
        return nowMs
      },
      empty: async () => memory.steps.empty(),
      open: async () => {
        nowMs += RESTORE_WINDOW_MS
      },
      hold: async () => {},
      seats: new Map(),
      remembered: [],
      hosts: new Map(),
      inboxAt: new Map(),
    }
  }

  it('answer alike, whatever they are asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 20, maxLength: 150, size: 'max' }), async all => {
        const sides = [memorySide(), redisSide()] as const
        const ranks = [new Map<string, number[]>(), new Map<string, number[]>()] as const
        const begin = { ...all[0]!, what: 97, n: 0, flag: false }
        for (const side of sides) await side.empty()
        for (const [i, one] of [begin, ...all].entries()) {
          const [memory, other] = [await ask(sides[0], one), await ask(sides[1], one)]
          expect(comparable(other, ranks[1]), `answer ${i}: ${JSON.stringify(one)}`).toEqual(
            comparable(memory, ranks[0]),
          )
          if (i % 10 !== 0 && i < all.length) continue
          const [seen, seenThere] = [await look(sides[0]), await look(sides[1])]
          expect(comparable(seenThere, ranks[1]), `after ${i}: ${JSON.stringify(one)}`).toEqual(
            comparable(seen, ranks[0]),
          )
        }
      }),
      { numRuns: 25, interruptAfterTimeLimit: 15_000 },
    )
  })
})
