import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { DELIVERY_LEASE_MS } from '../record/cluster-record.ts'
import { TestCluster, type TestNode, type TestSeat } from './test-story.ts'

const untilToldAll = (cluster: TestCluster) =>
  eventually(async () => {
    const names = await cluster.undelivered()
    return names.length === 0 ? null : `undelivered: ${names}`
  }, 10_000)
const untilTold = (node: TestNode) => eventually(() => (node.teller.waiting === 0 ? null : 'something waits'))
const linesOf = (node: TestNode) =>
  readFileSync(path.join(node.dataDir, 'outbox', 'story', `${node.inst}.jsonl`), 'utf8')
const of = (cluster: TestCluster, { identity }: TestSeat) =>
  cluster.receiver.words().filter(word => word.split(' ')[1] === identity)

describe('what a killed node had put down', () => {
  it('is told by its next incarnation, when the record had not got it', async () => {
    const cluster = await TestCluster.create()
    const [node, other] = [await cluster.node(), await cluster.node()]
    const an = await node.join('hall', 'an')
    const binh = await node.joined('hall', 'binh')
    const stays = await other.joined('hall', 'stays')
    await untilTold(node)
    node.line.state = 'away'
    node.activate(an)
    const track = node.publish(an)
    const closed = node.publish(an)
    node.unpublish(an, closed)
    node.leave(binh)
    await node.kill()
    // Else it might be the first to tell what it knows.
    other.line.state = 'away'
    const next = await node.restarted()
    await next.teller.recover()
    other.line.state = 'up'
    // Whoever delivered is gone, and so is its lease.
    cluster.leap(DELIVERY_LEASE_MS)
    await untilToldAll(cluster)
    expect(of(cluster, an)).toEqual([
      'participant_joined an',
      `track_published an ${track.sid}`,
      `track_published an ${closed.sid}`,
      `track_unpublished an ${closed.sid}`,
      `track_unpublished an ${track.sid}`,
      'participant_left an',
    ])
    expect(of(cluster, binh)).toEqual(['participant_joined binh', 'participant_left binh'])
    expect(of(cluster, stays)).toEqual(['participant_joined stays'])
    await eventually(() => (next.journals.length === 1 ? null : `${next.journals}`))
    expect(next.errors()).toEqual([])
  })

  it('is not told behind an end that another heir has told', async () => {
    const cluster = await TestCluster.create()
    const [node, heir] = [await cluster.node(), await cluster.node()]
    const an = await node.join('hall', 'an')
    await untilTold(node)
    node.line.state = 'away'
    node.activate(an)
    node.publish(an)
    await node.kill()
    cluster.bury(node, heir)
    await heir.teller.inherit(node.inst)
    const next = await node.restarted()
    await next.teller.recover()
    await untilToldAll(cluster)
    expect(of(cluster, an)).toEqual(['participant_connection_aborted an'])
    expect(next.journals).toHaveLength(1)
  })

  it('says who was there when nothing else is left of the cluster, and ends the room behind them', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    const [an, binh, gone] = [
      await node.joined('hall', 'an'),
      await node.joined('hall', 'binh'),
      await node.joined('hall', 'gone'),
    ]
    const track = node.publish(an)
    node.leave(gone)
    await untilToldAll(cluster)
    await eventually(() => (node.teller.undelivered().length === 0 ? null : 'news of deliveries is missing'))
    await node.kill()
    cluster.empty()
    cluster.leap(5_000)
    const next = await node.restarted()
    await next.teller.recover()
    await eventually(async () => {
      await next.steps.within(1_000, call => next.steps.record.sweep(call))
      return cluster.receiver.words().at(-1) === 'room_finished' ? null : cluster.receiver.words().join(', ')
    }, 5_000)
    await untilToldAll(cluster)
    expect(cluster.receiver.words(an.roomSid).at(0)).toBe('room_started')
    expect(of(cluster, an)).toEqual([
      'participant_joined an',
      `track_published an ${track.sid}`,
      `track_unpublished an ${track.sid}`,
      'participant_left an',
    ])
    expect(of(cluster, binh)).toEqual(['participant_joined binh', 'participant_left binh'])
    expect(of(cluster, gone)).toEqual(['participant_joined gone', 'participant_left gone'])
    const left = cluster.receiver.story.find(({ id }) => id === `${an.roomSid}:${an.psid}:participant_left`)
    expect(left?.participant?.sid).toBe(an.psid)
    expect(next.journals).toHaveLength(1)
  })

  it('waits for the burial of the former one', async () => {
    const cluster = await TestCluster.create()
    const [node, heir] = [await cluster.node(), await cluster.node()]
    const an = await node.joined('hall', 'an')
    await untilTold(node)
    node.line.state = 'away'
    node.leave(an)
    await node.kill()
    // Its address is another now, so that nobody knows yet that it is the same one.
    const next = await node.restarted({ host: 'elsewhere' })
    const recovering = next.teller.recover()
    await eventually(() => (next.line.calls.filter(name => name === 'nodes').length > 5 ? null : 'not asked'))
    expect(of(cluster, an)).not.toContain('participant_left an')
    expect(next.journals).toHaveLength(2)
    cluster.bury(node, heir)
    await recovering
    await untilToldAll(cluster)
    expect(of(cluster, an)).toEqual(['participant_joined an', 'participant_left an'])
    expect(next.journals).toHaveLength(1)
  })

  it('stays for the next start when the record is away all the time', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    const an = await node.joined('hall', 'an')
    await untilTold(node)
    node.line.state = 'away'
    node.leave(an)
    await node.kill()
    const second = await node.restarted()
    second.line.state = 'away'
    const recovering = second.teller.recover()
    await second.kill()
    await recovering
    const third = await second.restarted()
    await third.teller.recover()
    await untilToldAll(cluster)
    expect(of(cluster, an)).toEqual(['participant_joined an', 'participant_left an'])
    expect(third.journals).toHaveLength(1)
  })
})

describe('the journal', () => {
  it('has what was told until that was delivered, and what begins until its end was', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    const an = await node.joined('hall', 'an')
    node.unpublish(an, node.publish(an))
    await untilToldAll(cluster)
    await eventually(() => (node.teller.undelivered().length === 0 ? null : 'news of deliveries is missing'))
    const openOf = (text: string) => {
      const ids = new Set<string>()
      for (const line of text.split('\n').filter(Boolean)) {
        const { op, id, ids: done = [] } = JSON.parse(line)
        if (op === 'add') ids.add(id)
        for (const one of done) ids.delete(one)
      }
      return [...ids]
    }
    const { sid } = node.publish(an)
    await untilToldAll(cluster)
    await eventually(() => (node.teller.undelivered().length === 0 ? null : 'news of deliveries is missing'))
    expect(openOf(linesOf(node))).toEqual([
      `${an.roomSid}:${an.psid}:participant_joined`,
      `${an.roomSid}:${an.psid}:${sid}:track_published`,
    ])
    node.leave(an)
    await eventually(() => (openOf(linesOf(node)).length === 0 ? null : 'something is open'))
    await node.teller.close(1_000)
    expect(node.journals).toEqual([])
  })

  it('goes on in memory when the disk refuses', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    node.breakJournal()
    const an = await node.joined('hall', 'an')
    node.leave(an)
    await untilToldAll(cluster)
    expect(of(cluster, an)).toEqual(['participant_joined an', 'participant_left an'])
    expect(node.errors()).toContain('the journal of what was told cannot be written')
  })
})
