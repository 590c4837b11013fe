/** The API of nodes as they are: joins by the desk, rooms shared over links, news by inboxes. */
import { DataPacket, DisconnectReason, ParticipantPermission } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { type Member, TestCluster, type TestClusterNode } from '../../../test/room-support/test-cluster.ts'
import { codeOfCall, settle, userPacket } from '../../../test/room-support/test-room.ts'
import { MemoryRecord } from '../record/memory-record.ts'

let cluster: TestCluster
let a: TestClusterNode
let b: TestClusterNode
let c: TestClusterNode
/** At a; Bình is at b, and nobody at c. */
let an: Member
let binh: Member
const api = (node: TestClusterNode) => node.cluster.session.directory

beforeEach(async () => {
  cluster = await TestCluster.start(3)
  ;[a, b, c] = cluster.nodes as [TestClusterNode, TestClusterNode, TestClusterNode]
  an = await a.join('an')
  binh = await b.join('binh')
  await settle()
  for (const [node, member] of [
    [a, an],
    [b, binh],
  ] as const)
    node.connect(member)
})
afterEach(() => cluster.close())

describe('the API of a node that is not in the room', () => {
  it('changes somebody, for everybody and for the next connection', async () => {
    const permission = new ParticipantPermission({ canSubscribe: true })
    await api(c).updateParticipant('R', 'an', { name: 'chairman', attributes: { hand: '1' }, permission })
    await eventually(() => (binh.link.told('an')?.name === 'chairman' ? undefined : 'Bình was not told'))
    const again = await c.join('an')
    expect(again.participant).toMatchObject({ name: 'chairman', attributes: { hand: '1' } })
    expect(again.participant.permission).toMatchObject({ canSubscribe: true, canPublish: false })
    expect(an.participant.isClosed).toBe(true)
  })

  it('deletes the room: everybody is told, at all nodes, and the next one is another', async () => {
    const sid = a.room()?.id
    await api(c).deleteRoom('R')
    await eventually(() => ((a.room() ?? b.room()) ? 'still there' : undefined))
    for (const { link } of [an, binh]) expect(link.last('leave').reason).toBe(DisconnectReason.ROOM_DELETED)
    const next = await b.join('an')
    expect(next.room.id).not.toBe(sid)
    expect((await api(a).listRooms()).map(room => [room.sid, room.numParticipants])).toEqual([
      [next.room.id, 1],
    ])
  })

  it('changes the metadata of the room for everybody', async () => {
    await api(c).updateRoomMetadata('R', 'agenda')
    for (const { link } of [an, binh])
      await eventually(() =>
        link.all('roomUpdate').at(-1)?.room?.metadata === 'agenda' ? undefined : 'nobody was told',
      )
    expect((await b.join('chi')).link.last('join').room?.metadata).toBe('agenda')
    expect((await c.join('dung')).link.last('join').room?.metadata).toBe('agenda')
  })

  it('sends data to all nodes once, and opens a capture', async () => {
    await api(c).sendData('R', DataPacket.fromBinary(userPacket('chào')))
    const heard = ({ rooms }: TestClusterNode, { participant }: Member) =>
      rooms.media.peer(participant.id).sent.length
    await eventually(() => (heard(a, an) + heard(b, binh) === 2 ? undefined : 'not heard'))
    const capture = await api(c).openCapture('R', () => {})
    expect(c.shows()).toEqual(['an', 'binh'])
    expect((await cluster.record.roomByName('R')).room?.nodes).toContain(c.cluster.session.inst)
    await capture.close('recorder_gone')
    expect([heard(a, an), heard(b, binh)]).toEqual([1, 1])
  })

  it('shows somebody in another room, takes it out of there, and moves it', async () => {
    await b.join('chi', { room: 'S' })
    await api(c).forwardParticipant('R', 'an', 'S')
    await eventually(() => (b.shows('S').join() === 'an,chi' ? undefined : b.shows('S').join()))
    expect((await api(c).listParticipants('S')).map(({ identity }) => identity).sort()).toEqual(['an', 'chi'])
    expect(await codeOfCall(api(c).updateParticipant('S', 'an', { name: 'x' }))).toBe('failed_precondition')
    await api(c).removeParticipant('S', 'an')
    await eventually(() => (b.shows('S').join() === 'chi' ? undefined : b.shows('S').join()))
    expect(an.participant.isClosed).toBe(false)
    await api(c).moveParticipant('R', 'an', 'S')
    const { token } = an.link.last('roomMoved')
    expect(JSON.parse(token)).toMatchObject({ video: { room: 'S' } })
    const moved = await c.join('an', { room: 'S' })
    expect(moved.room.id).toBe(b.room('S')?.id)
  })

  it('refuses tokens of before at all nodes, also when the record was emptied since', async () => {
    await api(c).removeParticipant('R', 'an', 200)
    await api(c).updateParticipant('R', 'binh', { name: 'secretary' })
    const old = { claims: { notBeforeS: 199 } }
    for (const node of cluster.nodes) expect(await codeOfCall(node.join('an', old))).toBe('permission_denied')
    const former = cluster.record
    cluster.record = new MemoryRecord()
    await former.close()
    await eventually(async () =>
      (
        await api(c)
          .listRooms()
          .catch(() => [])
      ).length === 1
        ? undefined
        : 'the room is not there again',
    )
    for (const node of cluster.nodes) expect(await codeOfCall(node.join('an', old))).toBe('permission_denied')
    expect((await c.join('binh')).participant.name).toBe('secretary')
    expect((await a.join('an', { claims: { notBeforeS: 200 } })).participant.identity).toBe('an')
  }, 20_000)

  it('cannot reach the people of a node that is silent, until they are gone', async () => {
    const { inst } = a.cluster.session
    a.reachesRecord = false
    for (const other of [b, c]) {
      cluster.network.cut(inst, other.cluster.session.inst)
      cluster.network.cut(other.cluster.session.inst, inst)
    }
    expect(await codeOfCall(api(c).updateParticipant('R', 'an', { name: 'x' }))).toBe('unavailable')
    await eventually(async () => {
      const code = await codeOfCall(api(c).updateParticipant('R', 'an', { name: 'x' }))
      return code === 'not_found' ? undefined : code
    }, 20_000)
    expect((await api(c).listParticipants('R')).map(({ identity }) => identity)).toEqual(['binh'])
  }, 40_000)
})

describe('a room of which there is newer news', () => {
  it('takes it with whoever enters', async () => {
    const { session } = b.cluster
    const { room } = await cluster.record.roomByName('R')
    if (!room) throw new Error('no room')
    const body = room.body.replace('"metadata":""', '"metadata":"newer"')
    await session.rooms.enter({ ...room, rev: room.rev + 1, body })
    expect(b.room()?.options.metadata).toBe('newer')
    await session.rooms.enter(room)
    expect(b.room()?.options.metadata).toBe('newer')
  })
})

describe('a node that leaves a room', () => {
  it('and enters it again at the same time is one of its nodes', async () => {
    const { inst } = c.cluster.session
    const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { exit } = cluster.record
    Object.assign(cluster.record, {
      exit: async (call: Parameters<typeof exit>[0]) => {
        if (call.inst === inst) {
          asked.resolve()
          await gate.promise
        }
        return await exit(call)
      },
    })
    const first = await api(c).openCapture('R', () => {})
    await first.close('recorder_gone')
    // Nobody is in it here any more, and its end is on the way to the record.
    await asked.promise
    const second = await api(c).openCapture('R', () => {})
    gate.resolve()
    await settle()
    expect((await cluster.record.roomByName('R')).room?.nodes).toContain(inst)
    expect(c.shows()).toEqual(['an', 'binh'])
    await second.close('recorder_gone')
  }, 30_000)
})
