/** The API at any node while another one is dead, while the record is away, and while many ask at once. */
import { DataPacket, ParticipantPermission } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiCluster, type ApiNode } from '../../../test/room-support/api-nodes.ts'
import { codeOfCall, publish, received, settle, userPacket } from '../../../test/room-support/test-room.ts'

let cluster: ApiCluster
let west: ApiNode
let east: ApiNode
let north: ApiNode
const CALL_MS = 300
const packet = (text: string) => DataPacket.fromBinary(userPacket(text))
const permission = new ParticipantPermission({ canSubscribe: true })

/** Every call about one member, at one node. */
const memberCalls = ({ directory }: ApiNode, trackSid: string) => ({
  mutePublishedTrack: directory.mutePublishedTrack('R', 'an', trackSid, true),
  updateParticipant: directory.updateParticipant('R', 'an', { permission }),
  updateSubscriptions: directory.updateSubscriptions('R', 'an', [trackSid], true),
  moveParticipant: directory.moveParticipant('R', 'an', 'S'),
  forwardParticipant: directory.forwardParticipant('R', 'an', 'S'),
  performRpc: directory.performRpc('R', 'an', { method: 'm', payload: '', timeoutMs: 100 }),
  removeParticipant: directory.removeParticipant('R', 'an'),
})
async function codesOf(all: Record<string, Promise<unknown>>): Promise<Record<string, string>> {
  const codes = Object.entries(all).map(async ([name, call]) => [name, await codeOfCall(call)] as const)
  return Object.fromEntries(await Promise.all(codes))
}
const everyOne = (all: Record<string, string>, code: string) =>
  expect(all).toEqual(Object.fromEntries(Object.keys(all).map(name => [name, code])))

beforeEach(async () => {
  cluster = await ApiCluster.create(['west', 'east', 'north'], CALL_MS)
  ;[west, east, north] = cluster.nodes as [ApiNode, ApiNode, ApiNode]
})
afterEach(() => cluster.close())

describe('while the owner’s node is silent', () => {
  it('what concerns its members may have happened; what others can do goes on', async () => {
    const an = await west.join('an')
    const binh = await east.join('binh')
    const sid = await publish(an, 'cam')
    cluster.silence(west)
    // The second of its nodes knows, too.
    expect(await north.directory.listRooms(['R'])).toMatchObject([{ numParticipants: 2, numPublishers: 1 }])
    for (const node of [east, north]) everyOne(await codesOf(memberCalls(node, sid)), 'unavailable')
    expect((await north.directory.listParticipants('R')).map(({ identity }) => identity)).toEqual([
      'binh',
      'an',
    ])
    expect((await north.directory.getParticipant('R', 'an')).sid).toBe(an.participant.id)
    await east.directory.sendData('R', packet('east'))
    await settle()
    expect(received(binh)).toHaveLength(1)
  })

  it('a room of it alone has those whom the record counts, and nobody to ask', async () => {
    await west.join('an')
    await east.join('binh')
    await west.join('chi', { room: 'alone' })
    cluster.silence(west)
    await north.directory.updateRoomMetadata('R', 'm')
    // Nobody but west knows who is in it: the record counts.
    expect(
      (await north.directory.listRooms()).map(({ name, numParticipants }) => [name, numParticipants]),
    ).toEqual([
      ['R', 2],
      ['alone', 1],
    ])
    expect(await codeOfCall(north.directory.listParticipants('alone'))).toBe('unavailable')
    expect(await codeOfCall(north.directory.sendData('alone', packet('x')))).toBe('unavailable')
  })

  it('is answered by what it did when it is heard again in time', async () => {
    cluster = await ApiCluster.create(['west', 'east'])
    ;[west, east] = cluster.nodes as [ApiNode, ApiNode]
    const an = await west.join('an')
    await east.join('binh')
    cluster.silence(west)
    const renamed = east.directory.updateParticipant('R', 'an', { name: 'new' })
    await settle()
    expect(an.participant.name).toBe('name of an')
    for (const [from, to] of [
      [west, east],
      [east, west],
    ] as const)
      cluster.network.heal(from.inst, to.inst)
    expect(await renamed).toMatchObject({ name: 'new' })
  })
})

describe('when the owner’s node is buried', () => {
  it('its members are out of reach, and gone when their claims are', async () => {
    const an = await west.join('an')
    await east.join('binh')
    const sid = await publish(an, 'cam')
    await cluster.bury(west)
    for (const node of [east, north]) everyOne(await codesOf(memberCalls(node, sid)), 'unavailable')
    await east.steps.once(call => cluster.record.inherit({ ...call, dead: west.inst }))
    for (const node of [east, north]) {
      everyOne(await codesOf(memberCalls(node, sid)), 'not_found')
      expect((await node.directory.listParticipants('R')).map(({ identity }) => identity)).toEqual(['binh'])
      expect((await node.directory.listRooms())[0]?.numParticipants).toBe(1)
    }
    const [room] = await north.directory.listRooms()
    const { directory } = east
    await directory.deleteRoom('R')
    expect(room?.sid).toBeDefined()
    expect(await directory.listRooms()).toEqual([])
  })

  it('what it is asked itself is refused where the record has a say', async () => {
    await west.join('an')
    await east.join('binh')
    await cluster.bury(west)
    for (const node of [east, north]) cluster.network.heal(node.inst, west.inst)
    expect(await codeOfCall(west.directory.deleteRoom('R'))).toBe('unavailable')
    expect(await codeOfCall(west.directory.createRoom({ name: 'S' }))).toBe('unavailable')
    expect(await codeOfCall(west.directory.updateRoomMetadata('R', 'x'))).toBe('unavailable')
    expect(await codeOfCall(west.directory.removeParticipant('R', 'binh', 5))).toBe('unavailable')
    const { room } = cluster.memory.steps.roomByName('R')
    expect([room?.state, room?.rev, cluster.memory.steps.roomByName('S').room]).toEqual(['open', 1, null])
  })
})

describe('a node that cannot be sure of its members', () => {
  it('acknowledges nothing that it alone has done: others may have taken it for dead', async () => {
    const an = await west.join('an')
    await east.join('binh')
    const sid = await publish(an, 'cam')
    west.beats.isSilent = true
    const { directory } = west
    // What is kept is kept by the record, which knows the buried.
    expect(await codeOfCall(directory.updateParticipant('R', 'an', { name: 'new' }))).toBe('done')
    const alone = await codesOf({
      subscribe: directory.updateSubscriptions('R', 'an', [sid], false),
      nothing: directory.updateParticipant('R', 'an', {}),
      remove: directory.removeParticipant('R', 'an'),
    })
    everyOne(alone, 'unavailable')
  })

  it('does when another one has counted it just now', async () => {
    await west.join('an')
    west.beats.isSilent = true
    cluster.isRecordAway = true
    east.beats.vouchedFor.add(west.inst)
    expect(await codeOfCall(west.directory.removeParticipant('R', 'an'))).toBe('done')
  })

  it('does not while another one reaches the record, or a node of the room says nothing', async () => {
    await west.join('an')
    await west.join('chi')
    await east.join('binh')
    west.beats.isSilent = true
    cluster.isRecordAway = true
    north.beats.reachesItAlone = true
    expect(await codeOfCall(west.directory.removeParticipant('R', 'an'))).toBe('unavailable')
    north.beats.reachesItAlone = false
    cluster.silence(east)
    expect(await codeOfCall(west.directory.removeParticipant('R', 'chi'))).toBe('unavailable')
  })
})

describe('a call that comes before the news of a newer connection', () => {
  it.each([
    ['removes', async ({ directory }: ApiNode) => void (await directory.removeParticipant('R', 'an'))],
    [
      'changes',
      async ({ directory }: ApiNode) => void (await directory.updateParticipant('R', 'an', { name: 'new' })),
    ],
  ])('%s that one', async (what, call) => {
    await west.join('an')
    const gate = Promise.withResolvers<void>()
    // It has the claim, and nobody was told.
    const joining = north.join('an', { gate: gate.promise })
    await settle()
    const done = call(west)
    await settle()
    gate.resolve()
    const { participant } = await joining
    await done
    if (what === 'removes') expect(participant.isClosed).toBe(true)
    else expect(participant.name).toBe('new')
  })
})

describe('while the record is away', () => {
  beforeEach(async () => {
    await cluster.close()
    cluster = await ApiCluster.create(['west', 'east', 'north'])
    ;[west, east, north] = cluster.nodes as [ApiNode, ApiNode, ApiNode]
  })

  it('what the room’s nodes know themselves goes on at every node, all else is not done', async () => {
    const an = await west.join('an')
    const binh = await east.join('binh')
    const sid = await publish(an, 'cam')
    cluster.isRecordAway = true
    const known = await codesOf({
      list: east.directory.listParticipants('R'),
      get: east.directory.getParticipant('R', 'an'),
      data: east.directory.sendData('R', packet('x')),
      capture: east.directory.openCapture('R', () => {}),
      subscribe: east.directory.updateSubscriptions('R', 'an', [sid], false),
      remove: west.directory.removeParticipant('R', 'binh'),
      mute: east.directory.mutePublishedTrack('R', 'an', sid, true),
      update: east.directory.updateParticipant('R', 'an', { name: 'new' }),
      outsideList: north.directory.listParticipants('R'),
      outsideData: north.directory.sendData('R', packet('y')),
      outsideUpdate: north.directory.updateParticipant('R', 'an', { metadata: 'outside' }),
    })
    everyOne(known, 'done')
    expect(binh.participant.isClosed).toBe(true)
    expect(received(an)).toHaveLength(2)
    expect(an.participant).toMatchObject({ name: 'new', metadata: 'outside' })
    expect(an.participant.publications.get(sid)?.info.muted).toBe(true)
    const unknown = await codesOf({
      stranger: north.directory.updateParticipant('R', 'nobody', { name: 'x' }),
      rooms: east.directory.listRooms(),
      named: east.directory.listRooms(['R']),
      create: east.directory.createRoom({ name: 'S' }),
      delete: east.directory.deleteRoom('R'),
      metadata: east.directory.updateRoomMetadata('R', 'm'),
      capture: north.directory.openCapture('R', () => {}),
      move: east.directory.moveParticipant('R', 'an', 'S'),
    })
    everyOne(unknown, 'unavailable')
    expect(await codeOfCall(east.directory.getParticipant('R', 'nobody'))).toBe('not_found')
    expect(an.participant.isClosed).toBe(false)
    cluster.isRecordAway = false
    const { room } = cluster.memory.steps.roomByName('R')
    expect([room?.state, room?.rev]).toEqual(['open', 1])
    // A node that was not in the room holds it until the record has it.
    const again = await north.join('an')
    expect(again.participant).toMatchObject({ name: 'new', metadata: 'outside' })
  })

  it('which one of them reaches, the others acknowledge nothing that it has to keep', async () => {
    const an = await west.join('an')
    await east.join('binh')
    cluster.isRecordAway = true
    north.beats.reachesItAlone = true
    expect(await codeOfCall(west.directory.updateParticipant('R', 'an', { name: 'new' }))).toBe('unavailable')
    expect(await codeOfCall(west.directory.removeParticipant('R', 'an', 200))).toBe('unavailable')
    expect(an.participant).toMatchObject({ isClosed: false, name: 'new' })
  })

  it('and a node of the room is silent, or nobody else is heard, what is to be kept may be lost', async () => {
    await west.join('an')
    await east.join('binh')
    cluster.isRecordAway = true
    cluster.silence(east)
    expect(await codeOfCall(west.directory.updateParticipant('R', 'an', { name: 'new' }))).toBe('unavailable')
    cluster.silence(north)
    await expect
      .poll(() => north.links.peers().filter(({ isUp }) => isUp).length, { timeout: 10_000 })
      .toBe(0)
    // Of a room of one node alone all its nodes have it, and would lose it together.
    cluster.isRecordAway = false
    await north.join('chi', { room: 'alone' })
    cluster.isRecordAway = true
    const { directory } = north
    expect(await codeOfCall(directory.updateParticipant('alone', 'chi', { name: 'new' }))).toBe('unavailable')
  }, 30_000)

  it('a node that has never known another one acknowledges what it holds itself', async () => {
    const alone = await ApiCluster.create(['alone'])
    const [{ directory }] = alone.nodes as [ApiNode]
    await alone.nodes[0]!.join('an')
    alone.isRecordAway = true
    expect(await codeOfCall(directory.updateParticipant('R', 'an', { name: 'new' }))).toBe('done')
    alone.isRecordAway = false
    expect((await alone.nodes[0]!.join('an')).participant.name).toBe('new')
    await alone.close()
  })

  it('which was emptied, nobody is told that a room is not there before all have put theirs back', async () => {
    const made = await west.directory.createRoom({ name: 'R', metadata: 'm' })
    const facts = cluster.memory.steps.roomByName('R').room
    if (!facts) throw new Error('no room')
    cluster.memory.steps.empty()
    const beat = { host: 'east', facts: '', load: '', heard: [], deadlineMs: Date.now() + 60_000 }
    const { era } = await cluster.memory.beat({ ...beat, inst: east.inst })
    const rooms = east.directory.listRooms()
    const created = north.directory.createRoom({ name: 'R', metadata: 'another' })
    await settle()
    const nothing = {
      burials: [],
      over: [],
      ended: [],
      claims: [],
      owed: [],
      kept: [],
      revoked: [],
      events: [],
    }
    await cluster.memory.restore({
      ...nothing,
      ...{ inst: west.inst, era: era.id, deadlineMs: beat.deadlineMs, rooms: [facts] },
    })
    cluster.aheadMs = 3_100
    expect((await rooms).map(({ sid }) => sid)).toEqual([made.sid])
    expect(await created).toMatchObject({ sid: made.sid, metadata: 'm' })
  })
})

describe('many at once', () => {
  it('make one room of a name, and change it one after the other', async () => {
    const made = await Promise.all(cluster.nodes.map(({ directory }) => directory.createRoom({ name: 'R' })))
    expect(new Set(made.map(({ sid }) => sid)).size).toBe(1)
    const words = Array.from({ length: 12 }, (_, index) => `m${index}`)
    const changed = await Promise.all(
      words.map((word, index) => cluster.nodes[index % 3]!.directory.updateRoomMetadata('R', word)),
    )
    expect(changed.map(({ metadata }) => metadata)).toEqual(words)
    expect(cluster.memory.steps.roomByName('R').room?.rev).toBe(13)
    const lists = await Promise.all(cluster.nodes.map(({ directory }) => directory.listRooms()))
    expect(new Set(lists.map(([room]) => room?.metadata)).size).toBe(1)
  })

  it('list hundreds of rooms of several nodes, each once', async () => {
    const names = Array.from({ length: 450 }, (_, index) => `room ${index}`)
    for (const name of names) await north.directory.createRoom({ name })
    for (const name of names.slice(0, 230)) await west.join('an', { room: name })
    const rooms = await east.directory.listRooms()
    expect(new Set(rooms.map(({ name }) => name)).size).toBe(450)
    expect(rooms).toHaveLength(450)
    expect(rooms.reduce((sum, { numParticipants }) => sum + numParticipants, 0)).toBe(230)
    // Each of its nodes is asked for 200 at a time.
    expect(west.calls).toEqual(['ListRooms', 'ListRooms'])
  })
})
