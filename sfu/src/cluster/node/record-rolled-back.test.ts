/** A record that lacks its last writes, as after a failover: what its nodes acknowledged holds. */
import { newParticipantId } from '@diemcau/core/ids.ts'
import { ParticipantPermission } from '@livekit/protocol'
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { TestCluster, type TestClusterNode } from '../../../test/room-support/test-cluster.ts'

let cluster: TestCluster
afterEach(() => cluster.close())

/** As a join of this token at a node that knows nothing of it. */
const joinByRecord = ({ cluster: { session } }: TestClusterNode, identity: string, tokenFromS: number) =>
  session.steps.within(10_000, call =>
    session.steps.record.join({
      ...{ ...call, psid: newParticipantId(), identity, isCounted: true, isForwarded: false },
      ...{ roomName: 'R', tokenFromS, epochSeen: 0, draft: null, info: '' },
    }),
  )

it('takes back what was lost with its last writes, before it answers anybody', async () => {
  cluster = await TestCluster.start(2)
  const [a, b] = cluster.nodes as [TestClusterNode, TestClusterNode]
  const an = await a.join('an')
  const binh = await b.join('binh')
  const chi = await a.join('chi')
  for (const one of [an, chi]) a.connect(one)
  b.connect(binh)
  await a.join('ha', { room: 'S' })
  const over = a.room('S')!.id
  const ids = async () => (await cluster.record.nextEvents('R', 200)).map(({ id }) => id)
  const isTold = (...wanted: string[]) =>
    eventually(async () => {
      const told = await ids()
      return wanted.every(id => told.includes(id)) ? undefined : told.join('\n')
    })
  const roomSid = a.room()!.id
  const idOf = ({ participant: { id } }: typeof an, what: string) => `${roomSid}:${id}:participant_${what}`
  await isTold(idOf(an, 'joined'), idOf(binh, 'joined'), idOf(chi, 'joined'))

  const before = cluster.record.steps.snapshot()
  const { directory } = b.cluster.session
  const nowS = Math.floor(Date.now() / 1000)
  await directory.removeParticipant('R', 'binh', nowS)
  const permission = new ParticipantPermission({ canSubscribe: true })
  await directory.updateParticipant('R', 'an', { metadata: 'minutes', permission })
  await directory.updateRoomMetadata('R', 'agenda')
  await directory.deleteRoom('S')
  a.room()!.leave(chi.participant, 'client_left')
  const dung = await b.join('dung')
  b.connect(dung)
  await isTold(idOf(binh, 'left'), idOf(chi, 'left'), idOf(dung, 'joined'))
  cluster.record.steps.rollBack(before)

  // The first that is asked is asked by a node that knows nothing of it: it waits until the others have said what they know.
  expect(await joinByRecord(a, 'binh', nowS - 1)).toEqual({ is: 'refused', why: 'revoked' })
  const { room } = await cluster.record.roomByName('R')
  expect(room).toMatchObject({ sid: roomSid, counted: 2, holding: 2 })
  expect(a.room()!.message().metadata).toBe('agenda')
  expect(room!.body).toContain('agenda')
  const { claims } = await cluster.record.claims(roomSid)
  expect(claims.map(({ identity }) => identity).sort()).toEqual(['an', 'dung'])
  expect((await cluster.record.roomByName('S')).room).toBeNull()
  const again = await b.join('ha', { room: 'S' })
  expect(again.room.id).not.toBe(over)
  const back = await b.join('an')
  expect(back.participant.metadata).toBe('minutes')
  expect(back.participant.permission).toMatchObject({ canSubscribe: true, canPublish: false })
  const told = await ids()
  for (const id of [idOf(binh, 'left'), idOf(chi, 'left'), idOf(dung, 'joined')])
    expect(told.filter(one => one === id)).toEqual([id])
  expect(dung.participant.isClosed).toBe(false)
}, 20_000)

it('has nodes again that have nobody but a recorder in a room', async () => {
  cluster = await TestCluster.start(2)
  const [a, b] = cluster.nodes as [TestClusterNode, TestClusterNode]
  await a.join('an')
  const nodes = async () => (await cluster.record.roomByName('R')).room?.nodes ?? []
  const before = cluster.record.steps.snapshot()
  await b.cluster.session.directory.openCapture('R', () => {})
  expect(await nodes()).toHaveLength(2)
  cluster.record.steps.rollBack(before)
  expect(await nodes()).toHaveLength(1)
  await eventually(async () => ((await nodes()).length === 2 ? undefined : 'it is not its node'), 20_000)
}, 30_000)
