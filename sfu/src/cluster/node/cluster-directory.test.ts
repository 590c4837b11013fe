/** Each call of the API at the node that has somebody's connection, at another one of the room, and at one that is not in it. */
import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import {
  DataPacket,
  DataPacket_Kind,
  ParticipantPermission,
  RpcAck,
  RpcResponse,
  UserPacket,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiCluster, type ApiNode } from '../../../test/room-support/api-nodes.ts'
import {
  type Client,
  codeOfCall,
  publish,
  received,
  settle,
  TestRooms,
  userPacket,
} from '../../../test/room-support/test-room.ts'

let cluster: ApiCluster
let west: ApiNode
let east: ApiNode
let north: ApiNode

beforeEach(async () => {
  cluster = await ApiCluster.create(['west', 'east', 'north'])
  ;[west, east, north] = cluster.nodes as [ApiNode, ApiNode, ApiNode]
})
afterEach(() => cluster.close())

const places = [
  ['the owner’s node', () => west],
  ['another node of the room', () => east],
  ['a node outside the room', () => north],
] as const

describe.each(places)('at %s', (_name, place) => {
  let at: ApiNode
  let an: Client
  let binh: Client
  /** An is at west, Bình at east; north is in no room. */
  beforeEach(async () => {
    at = place()
    an = await west.join('an')
    binh = await east.join('binh')
    for (const node of cluster.nodes) node.calls.length = 0
  })

  it('lists rooms with those who are in them, and participants', async () => {
    await publish(an, 'cam')
    await cluster.nodes[2]?.directory.createRoom({ name: 'empty', maxParticipants: 7, metadata: 'm' })
    const rooms = await at.directory.listRooms()
    expect(
      rooms.map(({ name, numParticipants, numPublishers }) => [name, numParticipants, numPublishers]),
    ).toEqual([
      ['R', 2, 1],
      ['empty', 0, 0],
    ])
    expect(rooms[1]).toMatchObject({ maxParticipants: 7, metadata: 'm' })
    expect(rooms.map(({ enabledCodecs }) => enabledCodecs.length > 0)).toEqual([true, true])
    expect((await at.directory.listRooms(['empty', 'none', 'empty'])).map(({ name }) => name)).toEqual([
      'empty',
    ])
    const infos = await at.directory.listParticipants('R')
    expect(infos.map(({ identity, sid }) => [identity, sid]).sort()).toEqual([
      ['an', an.participant.id],
      ['binh', binh.participant.id],
    ])
    expect(await at.directory.listParticipants('none')).toEqual([])
    expect(await at.directory.listParticipants('empty')).toEqual([])
    expect((await at.directory.getParticipant('R', 'an')).tracks).toHaveLength(1)
    expect(await codeOfCall(at.directory.getParticipant('R', 'nobody'))).toBe('not_found')
    expect(await codeOfCall(at.directory.getParticipant('none', 'an'))).toBe('not_found')
    expect(await codeOfCall(at.directory.getParticipant('empty', 'an'))).toBe('not_found')
  })

  it('makes a room once, whoever asks again', async () => {
    const made = await at.directory.createRoom({ name: 'S', metadata: 'one', emptyTimeoutS: 9 })
    expect(made).toMatchObject({ name: 'S', metadata: 'one', emptyTimeout: 9, numParticipants: 0 })
    for (const { directory } of cluster.nodes)
      expect(await directory.createRoom({ name: 'S', metadata: 'two' })).toMatchObject({
        sid: made.sid,
        metadata: 'one',
      })
    expect((await at.directory.createRoom({ name: 'R' })).numParticipants).toBe(2)
    expect(await codeOfCall(at.directory.createRoom({ name: '' }))).toBe('invalid_argument')
    expect(await codeOfCall(at.directory.createRoom({ name: 'x'.repeat(257) }))).toBe('invalid_argument')
    const long = 'x'.repeat(at.rooms.registry.limits.metadataBytes + 1)
    expect(await codeOfCall(at.directory.createRoom({ name: 'T', metadata: long }))).toBe('over_limit')
  })

  it('lets join where joining makes rooms, or where there is one', async () => {
    const strict = { video: { room: 'none' } }
    expect(await codeOfCall(at.directory.assertJoinable(strict))).toBe('done')
    const directory = at.directoryOver(new TestRooms({}, { autoCreate: false }).registry)
    expect(await codeOfCall(directory.assertJoinable(strict))).toBe('not_found')
    expect(await codeOfCall(directory.assertJoinable({ video: { room: 'R' } }))).toBe('done')
  })

  it('deletes a room: its name is free, its nodes hear it at once', async () => {
    const [before] = await at.directory.listRooms(['R'])
    await at.directory.deleteRoom('R')
    expect(await at.directory.listRooms()).toEqual([])
    expect(cluster.memory.steps.roomByName('R').room).toBeNull()
    for (const node of [west, east])
      if (node !== at) await expect.poll(() => node.closedHints).toEqual([before?.sid])
    expect(at.rooms.registry.find('R')).toBeUndefined()
    const next = await north.directory.createRoom({ name: 'R' })
    expect(next.sid).not.toBe(before?.sid)
    expect(await codeOfCall(at.directory.deleteRoom('none'))).toBe('not_found')
  })

  it('changes the metadata of a room', async () => {
    expect(await at.directory.updateRoomMetadata('R', 'new')).toMatchObject({
      metadata: 'new',
      numParticipants: 2,
    })
    for (const { directory } of cluster.nodes) {
      const [room] = await directory.listRooms(['R'])
      expect(room?.metadata).toBe('new')
    }
    if (at !== north) expect(at.rooms.registry.find('R')?.options.metadata).toBe('new')
    const long = 'x'.repeat(at.rooms.registry.limits.metadataBytes + 1)
    expect(await codeOfCall(at.directory.updateRoomMetadata('R', long))).toBe('over_limit')
    expect(await codeOfCall(at.directory.updateRoomMetadata('none', 'x'))).toBe('not_found')
  })

  it('removes a participant', async () => {
    await at.directory.removeParticipant('R', 'an')
    expect(an.participant.isClosed).toBe(true)
    expect(an.link.last('leave').reason).toBe(4)
    expect(await codeOfCall(at.directory.removeParticipant('R', 'nobody'))).toBe('not_found')
    expect(await codeOfCall(at.directory.removeParticipant('none', 'an'))).toBe('not_found')
  })

  it('takes tokens back, of somebody who is not there too, and at every node', async () => {
    await at.directory.removeParticipant('R', 'an', 200)
    expect(an.participant.isClosed).toBe(true)
    expect(await codeOfCall(at.directory.removeParticipant('none', 'chi', 200))).toBe('not_found')
    for (const node of cluster.nodes) {
      expect(await codeOfCall(node.join('an', { claims: { notBeforeS: 199 } }))).toBe('permission_denied')
      expect(await codeOfCall(node.join('chi', { room: 'none', claims: { notBeforeS: 199 } }))).toBe(
        'permission_denied',
      )
      const claims = node.rooms.claims('an', {}, { notBeforeS: 199 })
      expect(() => node.rooms.registry.assertAdmissible(claims)).toThrow('revoked')
    }
    await west.join('an', { claims: { notBeforeS: 200 } })
  })

  it('mutes a track, and opens none', async () => {
    const sid = await publish(an, 'cam')
    const mute = (trackSid: string, muted: boolean) =>
      at.directory.mutePublishedTrack('R', 'an', trackSid, muted)
    expect(await mute(sid, true)).toMatchObject({ sid, muted: true })
    expect(an.participant.publications.get(sid)?.info.muted).toBe(true)
    expect(an.link.last('mute')).toMatchObject({ sid, muted: true })
    expect(await codeOfCall(mute(sid, false))).toBe('failed_precondition')
    expect(await codeOfCall(mute('TR_none', true))).toBe('not_found')
  })

  it('changes profile and permission, each alone', async () => {
    const update = (changes: Parameters<typeof at.directory.updateParticipant>[2]) =>
      at.directory.updateParticipant('R', 'an', changes)
    expect(await update({ name: 'chairman', attributes: { hand: '1' } })).toMatchObject({
      name: 'chairman',
      attributes: { hand: '1' },
    })
    expect(an.participant.permission.canPublish).toBe(true)
    const permission = new ParticipantPermission({ canSubscribe: true, canPublish: false })
    expect((await update({ permission })).permission).toMatchObject({ canPublish: false, canSubscribe: true })
    expect(an.participant).toMatchObject({ name: 'chairman', attributes: { hand: '1' } })
    expect(await codeOfCall(update({ name: 'x'.repeat(2_000) }))).toBe('over_limit')
    expect(await codeOfCall(at.directory.updateParticipant('R', 'nobody', { name: 'x' }))).toBe('not_found')
  })

  it('subscribes somebody, and says which tracks there are not', async () => {
    const sid = await publish(an, 'cam')
    expect(await codeOfCall(at.directory.updateSubscriptions('R', 'an', ['TR_none'], true))).toBe('not_found')
    expect(await codeOfCall(at.directory.updateSubscriptions('R', 'an', ['TR_none'], false))).toBe('done')
    expect(await codeOfCall(at.directory.updateSubscriptions('R', 'an', [sid], false))).toBe('done')
  })

  it('moves a participant into another room, and shows it there', async () => {
    await publish(an, 'cam')
    await at.directory.forwardParticipant('R', 'an', 'S')
    expect((await at.directory.listParticipants('S')).map(({ identity }) => identity)).toEqual(['an'])
    expect(await codeOfCall(at.directory.forwardParticipant('R', 'an', 'S'))).toBe('already_exists')
    expect(await codeOfCall(at.directory.forwardParticipant('R', 'an', 'R'))).toBe('invalid_argument')
    expect(await codeOfCall(at.directory.moveParticipant('R', 'an', ''))).toBe('invalid_argument')
    await at.directory.moveParticipant('R', 'an', 'T')
    expect(an.participant.isClosed).toBe(true)
    const { room, token } = an.link.last('roomMoved')
    expect(room?.sid).toBe(cluster.memory.steps.roomByName('T').room?.sid)
    expect(JSON.parse(token)).toMatchObject({ identity: 'an', video: { room: 'T' } })
  })

  it('calls a method of a participant', async () => {
    const asked = at.directory.performRpc('R', 'an', { method: 'greet', payload: 'chào', timeoutMs: 5_000 })
    await expect.poll(() => received(an).length).toBe(1)
    const value = received(an)[0]?.packet.value
    if (value?.case !== 'rpcRequest') throw new Error(`no call but ${value?.case}`)
    const { id: requestId, method } = value.value
    expect(method).toBe('greet')
    const say = (value: DataPacket['value']) =>
      an.peer.listener.onData(
        'reliable',
        new DataPacket({ kind: DataPacket_Kind.RELIABLE, value }).toBinary(),
      )
    say({ case: 'rpcAck', value: new RpcAck({ requestId }) })
    const result = new RpcResponse({ requestId, value: { case: 'payload', value: 'chào anh' } })
    say({ case: 'rpcResponse', value: result })
    expect(await asked).toBe('chào anh')
    const large = { method: 'greet', payload: 'x'.repeat(16_000), timeoutMs: 0 }
    expect(await codeOfCall(at.directory.performRpc('R', 'an', large))).toBe('malformed')
  })

  it('sends data to everybody once', async () => {
    await at.directory.sendData('R', DataPacket.fromBinary(userPacket('chào')))
    await expect.poll(() => [received(an).length, received(binh).length]).toEqual([1, 1])
    await at.directory.sendData(
      'R',
      DataPacket.fromBinary(userPacket('x', { destinationIdentities: ['binh'] })),
    )
    await expect.poll(() => [received(an).length, received(binh).length]).toEqual([1, 2])
    await north.directory.createRoom({ name: 'empty' })
    await at.directory.sendData('empty', DataPacket.fromBinary(userPacket('nobody hears it')))
    expect(await codeOfCall(at.directory.sendData('none', new DataPacket()))).toBe('not_found')
    const large = new DataPacket({
      value: { case: 'user', value: new UserPacket({ payload: Buffer.alloc(70_000) }) },
    })
    expect(await codeOfCall(at.directory.sendData('R', large))).toBe('invalid_argument')
    await settle()
    expect([received(an).length, received(binh).length]).toEqual([1, 2])
  })

  it('opens a capture as a node of the room', async () => {
    const trackId = await publish(an, 'cam')
    const events: CaptureEvent[] = []
    const capture = await at.directory.openCapture('R', event => void events.push(event))
    const [joined] = events
    expect(joined).toMatchObject({ type: 'joined', roomName: 'R', roomId: an.room.id })
    expect(JSON.stringify(joined)).toContain(trackId)
    expect(cluster.memory.steps.roomByName('R').room?.nodes).toContain(at.inst)
    await capture.close('recorder_gone')
    expect(await codeOfCall(at.directory.openCapture('none', () => {}))).toBe('not_found')
  })
})

describe('a call between nodes', () => {
  it('of a later version is not done, what cannot be read neither', async () => {
    await west.join('an')
    const call = (method: string, payload: Uint8Array) =>
      east.links.call(west.inst, method, payload, { deadlineMs: 1_000 })
    expect(await codeOfCall(call('GreetParticipant', new Uint8Array()))).toBe('unimplemented')
    expect(await codeOfCall(call('RemoveParticipant', Uint8Array.of(255, 255)))).toBe('malformed')
    expect(await codeOfCall(call('SendData', Uint8Array.of(0)))).toBe('malformed')
    expect(await codeOfCall(call('SendData', Uint8Array.of(9, 9, 1)))).toBe('malformed')
    expect((await west.directory.listParticipants('R')).length).toBe(1)
  })

  it('is answered by a node that knows all of the room, not by one that is just entering it', async () => {
    const an = await west.join('an')
    await east.join('binh')
    await publish(an, 'cam')
    // East has not heard of An yet.
    east.rooms.registry.find('R')?.nodes.gone(west.inst, 'unheard')
    east.isWhole = false
    expect(east.rooms.registry.listParticipants('R').map(({ identity }) => identity)).toEqual(['binh'])
    for (const { directory } of cluster.nodes) {
      expect((await directory.listParticipants('R')).map(({ identity }) => identity).sort()).toEqual([
        'an',
        'binh',
      ])
      expect(await directory.listRooms()).toMatchObject([{ numParticipants: 2, numPublishers: 1 }])
      expect((await directory.getParticipant('R', 'an')).identity).toBe('an')
      expect((await directory.getParticipant('R', 'binh')).identity).toBe('binh')
    }
    west.isWhole = false
    const asked = [north, east].map(({ directory }) => codeOfCall(directory.listParticipants('R')))
    expect(await Promise.all(asked)).toEqual(['unavailable', 'unavailable'])
    const later = north.directory.listParticipants('R')
    await settle()
    west.isWhole = true
    expect(await later).toHaveLength(2)
  })

  it('with data, and repeated at other nodes with its nonce, is heard once by each', async () => {
    const [an, binh] = [await west.join('an'), await east.join('binh')]
    const send = ({ directory }: ApiNode, nonce: number, destinationIdentities: string[] = []) =>
      directory.sendData(
        'R',
        new DataPacket({
          destinationIdentities,
          value: { case: 'user', value: new UserPacket({ nonce: new Uint8Array(16).fill(nonce) }) },
        }),
      )
    for (const node of [...cluster.nodes, west, north]) await send(node, 1)
    // Only East hears this one, and knows it again.
    for (const node of [north, east, west]) await send(node, 2, ['binh'])
    await send(east, 3)
    await expect.poll(() => [received(an).length, received(binh).length]).toEqual([2, 3])
    await settle()
    expect([received(an).length, received(binh).length]).toEqual([2, 3])
  })

  it('goes nowhere when the one it is about is here', async () => {
    await west.join('an')
    await east.join('binh')
    await west.directory.updateParticipant('R', 'an', { name: 'x' })
    await east.directory.getParticipant('R', 'binh')
    await west.directory.sendData('R', DataPacket.fromBinary(userPacket('chào')))
    expect(cluster.nodes.flatMap(({ calls }) => calls)).toEqual([])
  })

  it('says of somebody elsewhere what holds there now, whatever has been heard of it here', async () => {
    await west.join('an')
    const gone = await west.join('gone')
    await east.join('binh')
    cluster.isTelling = false
    await north.directory.updateParticipant('R', 'an', { name: 'Hội trường An' })
    gone.room.leave(gone.participant, 'removed')
    expect(east.rooms.registry.find('R')?.remote.get('an')?.name).not.toBe('Hội trường An')
    expect((await east.directory.getParticipant('R', 'an')).name).toBe('Hội trường An')
    await expect(east.directory.getParticipant('R', 'gone')).rejects.toMatchObject({ code: 'not_found' })
    for (const { directory } of cluster.nodes)
      expect((await directory.listParticipants('R')).map(({ identity }) => identity).sort()).toEqual([
        'an',
        'binh',
      ])
    // Of a node that does not answer it is what was heard last.
    cluster.network.cut(west.inst, east.inst)
    expect((await east.directory.getParticipant('R', 'an')).name).not.toBe('Hội trường An')
    expect(await east.directory.listParticipants('R')).toHaveLength(3)
  })

  it('finds who has moved on to another node meanwhile', async () => {
    const first = await west.join('an')
    await east.join('binh')
    // East has not heard yet that An is at north now.
    const gate = Promise.withResolvers<void>()
    west.gate = gate.promise
    const renamed = east.directory.updateParticipant('R', 'an', { name: 'new' })
    await settle()
    const second = await north.join('an')
    first.room.leave(first.participant, 'duplicate_identity')
    gate.resolve()
    expect(await renamed).toMatchObject({ sid: second.participant.id, name: 'new' })
    expect(first.participant.name).toBe('name of an')
  })

  it('waits for somebody who is just joining, at whatever node, but not for ever', async () => {
    for (const [index, joining] of [west, north].entries()) {
      const identity = `late ${index}`
      const gate = Promise.withResolvers<void>()
      const joined = joining.join(identity, { gate: gate.promise })
      await expect
        .poll(() => cluster.memory.steps.roomByName('R').room?.holding, { interval: 5 })
        .toBe(index + 1)
      const renamed = west.directory.updateParticipant('R', identity, { name: 'new' })
      await settle()
      gate.resolve()
      expect((await joined).participant.identity).toBe(identity)
      expect(await renamed).toMatchObject({ identity, name: 'new' })
    }
    const never = Promise.withResolvers<void>()
    const joined = north.join('never', { gate: never.promise })
    expect(await codeOfCall(west.directory.removeParticipant('R', 'never'))).toBe('not_found')
    never.resolve()
    await joined
  })

  it('takes a room that is over in the record for none, before its node has heard so', async () => {
    await west.join('an')
    const [old] = await west.directory.listRooms()
    await north.steps.once(call =>
      cluster.record.closeRoom({ ...call, roomSid: old?.sid as RoomId, reason: 'deleted' }),
    )
    expect(await west.directory.listRooms()).toEqual([])
    const next = await north.directory.createRoom({ name: 'R' })
    expect(await west.directory.listRooms()).toMatchObject([{ sid: next.sid, numParticipants: 0 }])
    await west.directory.deleteRoom('R')
    // The old one ends by the word of its own end.
    expect(west.rooms.registry.find('R')?.id).toBe(old?.sid)
  })
})

it('a room too many for all nodes together is not made', async () => {
  const { registry } = west.rooms
  registry.limits.rooms = 1
  const directory = west.directoryOver(registry)
  for (const name of ['one', 'two', 'three']) await directory.createRoom({ name })
  expect(await codeOfCall(directory.createRoom({ name: 'four' }))).toBe('resource_exhausted')
  expect(await codeOfCall(directory.createRoom({ name: 'two' }))).toBe('done')
})
