import { ParticipantInfo } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { Emit } from '../record/record-calls.ts'
import { roomEventId } from '../record/record-types.ts'
import { TestCluster, type TestNode, type TestSeat } from './test-story.ts'

const streamOf = (cluster: TestCluster, name: string) =>
  (cluster.record.steps.state.streams.get(name) ?? []).map(({ id }) => id)
const owedBy = async ({ inst, cluster }: TestNode) => (await cluster.record.owedBy(inst)).owed
const idOf = ({ roomSid, psid }: TestSeat, kind: string, track?: string) =>
  track ? `${roomSid}:${psid}:${track}:${kind}` : `${roomSid}:${psid}:${kind}`
/** A node whose events stay in the stream. */
const quietNode = async (cluster: TestCluster, options = {}) => {
  const node = await cluster.node(options)
  await node.delivery.close()
  return node
}
const untilStream = (cluster: TestCluster, name: string, story: string[]) =>
  eventually(() => {
    const now = streamOf(cluster, name)
    return JSON.stringify(now) === JSON.stringify(story) ? null : `${now}`
  }, 5_000)

describe('what a node tells', () => {
  it('is in the record in its order, by ids that are derived from what happened', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    const track = node.publish(an)
    node.unpublish(an, track)
    node.leave(an)
    const story = [
      roomEventId(an.roomSid, 'room_started'),
      idOf(an, 'participant_joined'),
      idOf(an, 'track_published', track.sid),
      idOf(an, 'track_unpublished', track.sid),
      idOf(an, 'participant_left'),
    ]
    await untilStream(cluster, 'hall', story)
    expect(await owedBy(node)).toEqual([])
    expect(node.teller.undelivered().map(({ event }) => event.id)).toEqual(story.slice(1))
    expect(node.errors()).toEqual([])
  })

  it('gives back the seat of who left, and of whom nothing is told', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    const second = await node.join('hall', 'an#publish')
    const track = node.publish(second)
    node.unpublish(second, track)
    node.teller.left(second.roomSid, second.roomName, second.psid)
    await untilStream(cluster, 'hall', [
      roomEventId(an.roomSid, 'room_started'),
      idOf(an, 'participant_joined'),
      idOf(second, 'track_published', track.sid),
      idOf(second, 'track_unpublished', track.sid),
    ])
    await eventually(async () => ((await owedBy(node)).length === 1 ? null : 'the second seat is owed'))
    expect((await cluster.record.claims(an.roomSid)).claims.map(({ identity }) => identity)).toEqual(['an'])
  })

  it('goes on after the record was away and answers were lost, each event once', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    const binh = await node.join('hall', 'binh')
    node.line.state = 'deaf'
    node.activate(binh)
    const track = node.publish(an)
    await eventually(() => (streamOf(cluster, 'hall').length >= 3 ? null : 'nothing came'))
    node.line.state = 'away'
    node.leave(an)
    expect(node.teller.waiting).toBeGreaterThan(0)
    node.line.state = 'up'
    await untilStream(cluster, 'hall', [
      roomEventId(an.roomSid, 'room_started'),
      idOf(an, 'participant_joined'),
      idOf(binh, 'participant_joined'),
      idOf(an, 'track_published', track.sid),
      idOf(an, 'track_unpublished', track.sid),
      idOf(an, 'participant_left'),
    ])
    await eventually(() => (node.teller.waiting === 0 ? null : 'something waits'))
  })

  it('is refused to who does not own it, and does not hold up what follows', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    node.activate({ ...an, psid: 'PA_somebody_else' as never })
    node.leave(an)
    await untilStream(cluster, 'hall', [
      roomEventId(an.roomSid, 'room_started'),
      idOf(an, 'participant_joined'),
      idOf(an, 'participant_left'),
    ])
    expect(node.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ why: 'not_owed' }) }),
    )
    expect(node.teller.undelivered()).toHaveLength(2)
  })

  it('says when a room is over by it', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    await node.steps.within(1_000, call =>
      node.steps.record.closeRoom({ ...call, roomSid: an.roomSid, reason: 'deleted' }),
    )
    expect(node.finished).toEqual([])
    node.leave(an)
    await eventually(() => (node.finished.length > 0 ? null : 'not over'))
    expect(node.finished).toEqual([an.roomSid])
    expect(streamOf(cluster, 'hall').at(-1)).toBe(roomEventId(an.roomSid, 'room_finished'))
  })

  it('is bounded: tracks that begin while too many wait are not told, nor their ends, and that is an alarm', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster, { mostWaiting: 3 })
    const an = await node.joined('hall', 'an')
    await eventually(() => (node.teller.waiting === 0 ? null : 'something waits'))
    node.line.state = 'away'
    const told = node.publish(an)
    for (let i = 0; i < 50; i++) node.unpublish(an, node.publish(an))
    node.leave(an)
    expect(node.teller.lost).toBe(98)
    expect(node.errors()).toEqual(['too many events wait for the shared record: further tracks are not told'])
    node.line.state = 'up'
    await eventually(() => (node.teller.waiting === 0 ? null : 'something waits'))
    const story = streamOf(cluster, 'hall')
    expect(story[2]).toBe(idOf(an, 'track_published', told.sid))
    expect(story.at(-1)).toBe(idOf(an, 'participant_left'))
    const of = (kind: string) =>
      story.flatMap(id => (id.endsWith(`:${kind}`) ? [id.split(':')[2]] : [])).sort()
    expect(of('track_published')).toEqual(of('track_unpublished'))
    expect(of('track_published')).toHaveLength(2)
  })

  it('waits for nobody in other rooms', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const [an, binh] = [await node.join('one', 'an'), await node.join('two', 'binh')]
    const held = Promise.withResolvers<void>()
    Object.defineProperty(cluster.record, 'emit', {
      value: async (call: Emit) => {
        if (call.roomSid === an.roomSid) await held.promise
        return cluster.record.steps.emit(call)
      },
    })
    node.activate(an)
    node.activate(binh)
    await eventually(() => (streamOf(cluster, 'two').length === 2 ? null : 'two waits'))
    expect(streamOf(cluster, 'one')).toHaveLength(1)
    held.resolve()
    await eventually(() => (streamOf(cluster, 'one').length === 2 ? null : 'one waits'))
  })

  it('ends with close, twice is safe, and what waits then is said', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    node.line.state = 'away'
    node.leave(an)
    const closed = performance.now()
    await node.teller.close(100)
    await node.teller.close(100)
    expect(performance.now() - closed).toBeLessThan(2_000)
    expect(node.logged.map(({ message }) => message)).toContain(
      'events were not told before the end: heirs tell what they know',
    )
    node.line.state = 'up'
    const calls = node.line.calls.length
    node.activate(an)
    node.note(an)
    expect(node.line.calls.slice(calls)).not.toContain('emit')
    expect(node.line.calls.slice(calls)).not.toContain('keep')
    expect(await owedBy(node)).toHaveLength(1)
  })
})

describe('what is kept of a seat', () => {
  const kept = async (node: TestNode, seat: TestSeat) => {
    const owed = (await owedBy(node)).find(({ psid }) => psid === seat.psid)
    return (
      owed && { version: owed.version, info: ParticipantInfo.fromBinary(Buffer.from(owed.info, 'base64')) }
    )
  }

  it('is the newest, and goes to the record about once a second', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.join('hall', 'an')
    for (let i = 0; i < 100; i++) node.note(an)
    const { version } = an
    node.teller.noteSeat(an.roomSid, an.identity, an.psid, 1, new Uint8Array())
    const since = performance.now()
    await eventually(async () => ((await kept(node, an))?.version === version ? null : 'old'), 5_000)
    expect(performance.now() - since).toBeLessThan(3_000)
    expect(node.line.calls.filter(name => name === 'keep').length).toBeLessThanOrEqual(2)
    expect((await kept(node, an))?.info.identity).toBe('an')
  })

  it('has each track before that is told', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.joined('hall', 'an')
    for (let i = 0; i < 3; i++) {
      const track = node.publish(an)
      const id = idOf(an, 'track_published', track.sid)
      await eventually(() => (streamOf(cluster, 'hall').includes(id) ? null : 'not told'), 5_000, 1)
      expect((await kept(node, an))?.info.tracks.map(({ sid }) => sid)).toContain(track.sid)
    }
  })

  it('is asked for again when the record was away', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    const an = await node.join('hall', 'an')
    node.line.state = 'away'
    node.note(an)
    node.note(an)
    node.line.state = 'up'
    await eventually(async () => ((await kept(node, an))?.version === an.version ? null : 'old'), 5_000)
  })
})

describe('heirs', () => {
  it('tell the whole story of those of a buried node, once, however many they are', async () => {
    const cluster = await TestCluster.create()
    const [dead, a, b] = [await quietNode(cluster), await quietNode(cluster), await quietNode(cluster)]
    const an = await dead.joined('hall', 'an')
    const track = dead.publish(an)
    const silent = await dead.join('hall', 'silent')
    const stays = await a.joined('hall', 'stays')
    await eventually(() => (streamOf(cluster, 'hall').length === 4 ? null : 'not told'))
    const before = streamOf(cluster, 'hall')
    await dead.kill()
    cluster.bury(dead, a)
    await Promise.all([a.teller.inherit(dead.inst), b.teller.inherit(dead.inst), a.teller.inherit(dead.inst)])
    const added = streamOf(cluster, 'hall').slice(before.length)
    expect(streamOf(cluster, 'hall').slice(0, before.length)).toEqual(before)
    expect(added.toSorted()).toEqual(
      [
        idOf(an, 'track_unpublished', track.sid),
        idOf(an, 'participant_left'),
        idOf(silent, 'participant_connection_aborted'),
      ].toSorted(),
    )
    expect(added.indexOf(idOf(an, 'track_unpublished', track.sid))).toBeLessThan(
      added.indexOf(idOf(an, 'participant_left')),
    )
    expect(await owedBy(dead)).toEqual([])
    const { claims } = await cluster.record.claims(stays.roomSid)
    expect(claims.map(({ psid }) => psid)).toEqual([stays.psid])
  })

  it('date it with the last sign of life, and say what is known of them', async () => {
    const cluster = await TestCluster.create()
    const [dead, heir] = [await quietNode(cluster), await quietNode(cluster)]
    const an = await dead.joined('hall', 'an')
    dead.publish(an)
    await eventually(() => (streamOf(cluster, 'hall').length === 3 ? null : 'not told'))
    await dead.kill()
    cluster.bury(dead, heir)
    await heir.teller.inherit(dead.inst, 1_700_000_000_999)
    const events = cluster.record.steps.state.streams.get('hall')!.slice(-2)
    expect(events.map(({ atMs }) => atMs)).toEqual([1_700_000_000_999, 1_700_000_000_999])
    const [unpublished, left] = events.map(({ body }) => JSON.parse(body))
    expect(unpublished).toMatchObject({
      event: 'track_unpublished',
      createdAt: '1700000000',
      participant: { identity: 'an', state: 'ACTIVE' },
      track: { sid: expect.stringMatching(/^TR_/) },
      room: { sid: an.roomSid, name: 'hall', metadata: 'about hall' },
    })
    expect(left).toMatchObject({
      event: 'participant_left',
      id: idOf(an, 'participant_left'),
      participant: { sid: an.psid, state: 'DISCONNECTED', disconnectReason: 'SERVER_SHUTDOWN' },
    })
  })

  it('of a second connection tell the tracks, and nothing else', async () => {
    const cluster = await TestCluster.create()
    const [dead, heir] = [await quietNode(cluster), await quietNode(cluster)]
    const second = await dead.join('hall', 'an#publish')
    second.isActive = true
    const track = dead.publish(second)
    await eventually(() => (streamOf(cluster, 'hall').length === 2 ? null : 'not told'))
    await dead.kill()
    cluster.bury(dead, heir)
    await heir.teller.inherit(dead.inst)
    expect(streamOf(cluster, 'hall').slice(2)).toEqual([idOf(second, 'track_unpublished', track.sid)])
    expect(await owedBy(dead)).toEqual([])
  })

  it('end a closing room, when the record is back, more than one step takes', async () => {
    const cluster = await TestCluster.create()
    const [dead, heir] = [await quietNode(cluster), await quietNode(cluster)]
    const seats: TestSeat[] = []
    for (let i = 0; i < 230; i++) seats.push(await dead.joined('hall', `delegate ${i}`))
    const [{ roomSid }] = seats as [TestSeat]
    await eventually(() => (streamOf(cluster, 'hall').length === 231 ? null : 'not told'))
    await heir.steps.within(1_000, call =>
      heir.steps.record.closeRoom({ ...call, roomSid, reason: 'deleted' }),
    )
    await dead.kill()
    cluster.bury(dead, heir)
    heir.line.state = 'away'
    const inheriting = heir.teller.inherit(dead.inst)
    heir.line.state = 'deaf'
    await eventually(() => (heir.line.calls.includes('inherit') ? null : 'not asked'))
    heir.line.state = 'up'
    await inheriting
    const story = streamOf(cluster, 'hall')
    expect(new Set(story).size).toBe(story.length)
    expect(story.filter(id => id.endsWith(':participant_left'))).toHaveLength(230)
    expect(story.at(-1)).toBe(roomEventId(roomSid, 'room_finished'))
    expect(heir.finished).toContain(roomSid)
  })

  it('of somebody who lives tell nothing', async () => {
    const cluster = await TestCluster.create()
    const [a, b] = [await quietNode(cluster), await quietNode(cluster)]
    await a.joined('hall', 'an')
    await eventually(() => (streamOf(cluster, 'hall').length === 2 ? null : 'not told'))
    await b.teller.inherit(a.inst)
    expect(streamOf(cluster, 'hall')).toHaveLength(2)
    expect(await owedBy(a)).toHaveLength(1)
  })
})

describe('what is remembered for an emptied record', () => {
  const remembered = (node: TestNode) => node.teller.undelivered().map(({ event }) => event.id)

  it('is forgotten when it was delivered, whoever wrote it and whatever hints were lost', async () => {
    const cluster = await TestCluster.create()
    const [dead, heir] = [await quietNode(cluster), await quietNode(cluster)]
    const an = await dead.joined('hall', 'an')
    await eventually(() => (streamOf(cluster, 'hall').length === 2 ? null : 'not told'))
    await dead.kill()
    cluster.bury(dead, heir)
    await heir.teller.inherit(dead.inst)
    const story = [idOf(an, 'participant_joined'), idOf(an, 'participant_left')]
    expect(remembered(heir)).toEqual(story)
    await heir.teller.missed()
    expect(remembered(heir)).toEqual(story)
    const [started, joined] = cluster.record.steps.state.streams.get('hall')!
    const entryIds = [started!.entryId, joined!.entryId]
    await heir.steps.within(1_000, call =>
      heir.steps.record.delivered({ ...call, roomName: 'hall', entryIds }),
    )
    expect(remembered(heir)).toEqual(story)
    await heir.teller.missed()
    expect(remembered(heir)).toEqual(story.slice(1))
  })

  it('is not forgotten because the record was', async () => {
    const cluster = await TestCluster.create()
    const node = await quietNode(cluster)
    await node.joined('hall', 'an')
    await eventually(() => (streamOf(cluster, 'hall').length === 2 ? null : 'not told'))
    const before = remembered(node)
    expect(before).toHaveLength(1)
    cluster.empty()
    await node.teller.missed()
    expect(remembered(node)).toEqual(before)
  })
})
