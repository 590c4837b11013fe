/** Whoever is moved to another room has a seat there until they have come, wherever they come. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { type Member, TestCluster, type TestClusterNode } from '../../../test/room-support/test-cluster.ts'
import { codeOfCall } from '../../../test/room-support/test-room.ts'

let cluster: TestCluster
let a: TestClusterNode
let b: TestClusterNode
let an: Member
const counted = async () => (await cluster.record.roomByName('S')).room?.counted
const begin = async (reservedMs?: number) => {
  cluster = await TestCluster.start(2, reservedMs === undefined ? {} : { reservedMs })
  ;[a, b] = cluster.nodes as [TestClusterNode, TestClusterNode]
  await b.cluster.session.directory.createRoom({ name: 'S', maxParticipants: 2 })
  an = await a.join('an')
  await b.join('chi', { room: 'S' })
}
afterEach(() => cluster.close())

describe('a move', () => {
  beforeEach(() => begin())

  it('keeps the last seat of the other room for the one who is to come', async () => {
    await b.cluster.session.directory.moveParticipant('R', 'an', 'S')
    expect(an.participant.isClosed).toBe(true)
    expect(await codeOfCall(b.join('dung', { room: 'S' }))).toBe('resource_exhausted')
    await b.join('an', { room: 'S' })
    expect(await counted()).toBe(2)
    expect(await codeOfCall(a.join('dung', { room: 'S' }))).toBe('resource_exhausted')
    // Nothing is owed of the seat that was kept: the room could end now.
    await eventually(async () => {
      const { owed } = await cluster.record.owedBy(a.cluster.session.inst)
      return owed.some(({ roomName }) => roomName === 'S') ? 'a seat is owed' : undefined
    })
    expect(b.shows('S')).toEqual(['an', 'chi'])
  })

  it('is refused when there is no seat, and whoever was to be moved stays', async () => {
    await b.join('dung', { room: 'S' })
    expect(await codeOfCall(b.cluster.session.directory.moveParticipant('R', 'an', 'S'))).toBe(
      'resource_exhausted',
    )
    expect(an.participant.isClosed).toBe(false)
  })

  it('takes nobody out of the other room before the one who is moved has come', async () => {
    const there = await b.join('an', { room: 'S' })
    await b.cluster.session.directory.moveParticipant('R', 'an', 'S')
    expect(there.participant.isClosed).toBe(false)
    await a.join('an', { room: 'S' })
    await eventually(() => (there.participant.isClosed ? undefined : 'two of them'))
    expect(await counted()).toBe(2)
  })

  it('leaves no seat behind when the room ends before', async () => {
    await b.cluster.session.directory.moveParticipant('R', 'an', 'S')
    const { sid } = (await cluster.record.roomByName('S')).room!
    await b.cluster.session.directory.deleteRoom('S')
    await eventually(async () =>
      (await cluster.record.roomBySid(sid)).isOver ? undefined : 'it waits for somebody',
    )
  })
})

describe('a move of somebody who does not come', () => {
  beforeEach(() => begin(500))

  it('gives the seat back', async () => {
    await b.cluster.session.directory.moveParticipant('R', 'an', 'S')
    expect(await counted()).toBe(2)
    await eventually(async () => ((await counted()) === 1 ? undefined : 'it is kept'))
    await a.join('dung', { room: 'S' })
  })
})
