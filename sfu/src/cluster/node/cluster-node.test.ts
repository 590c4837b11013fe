import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { TestCluster, TestClusterNode } from '../../../test/room-support/test-cluster.ts'
import { silentLog } from '../../room/base/log.ts'
import { MemoryRecord } from '../record/memory-record.ts'
import { ClusterNode } from './cluster-node.ts'
import { draftOf } from './room-body.ts'

let cluster: TestCluster
const start = async (count: number): Promise<TestClusterNode[]> => {
  cluster = await TestCluster.start(count)
  return cluster.nodes
}
afterEach(() => cluster.close())

/** Until all these nodes show just these identities. */
const allShow = (nodes: TestClusterNode[], identities: string[], limitMs = 10_000) =>
  eventually(
    () =>
      nodes.every(node => node.shows().join() === [...identities].sort().join())
        ? undefined
        : JSON.stringify(nodes.map(node => node.shows())),
    limitMs,
  )

const claimsOf = async (name = 'R') => {
  const { room } = await cluster.record.roomByName(name)
  return room ? (await cluster.record.claims(room.sid)).claims : []
}

describe('nodes that share rooms', () => {
  it('show everybody everywhere, in one room of one sid, from the reply to the join on', async () => {
    const [a, b, c] = (await start(3)) as [TestClusterNode, TestClusterNode, TestClusterNode]
    await a.join('an')
    const binh = await b.join('binh')
    expect(binh.link.last('join').otherParticipants.map(({ identity }) => identity)).toEqual(['an'])
    expect(binh.link.last('join').room?.sid).toBe(a.room()?.id)
    await c.join('chi')
    await allShow([a, b, c], ['an', 'binh', 'chi'])
    expect(await claimsOf()).toHaveLength(3)
  })

  it('let an identity act at one node only: the newest, and nobody sees it leave', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const watcher = await a.join('watcher')
    const former = await a.join('an')
    a.connect(former)
    await b.join('an')
    await eventually(() => (former.participant.isClosed ? undefined : 'the former is still there'))
    expect(former.link.last('leave').reason).toBe(2)
    await allShow([a, b], ['an', 'watcher'])
    const told = watcher.link.all('update').flatMap(({ participants }) => participants)
    expect(told.filter(({ identity, state }) => identity === 'an' && state === 3)).toEqual([])
    await eventually(async () => ((await claimsOf()).length === 2 ? undefined : 'a claim too many'))
  })

  it('join the same identity at many nodes at once, and one is left', async () => {
    const nodes = await start(3)
    const tries = await Promise.allSettled(
      Array.from({ length: 9 }, (_, n) => nodes[n % 3]!.join('an').then(({ participant }) => participant)),
    )
    const acting = () => tries.filter(one => one.status === 'fulfilled' && !one.value.isClosed)
    await eventually(() => (acting().length === 1 ? undefined : `${acting().length} act`))
    await allShow(nodes, ['an'])
    await eventually(async () => ((await claimsOf()).length === 1 ? undefined : 'claims'))
  })

  it('take just as many people as a room may have, wherever they come at once', async () => {
    const nodes = await start(3)
    const { steps } = nodes[0]!.cluster.session
    const options = {
      ...{ name: 'R', emptyTimeoutS: 60, departureTimeoutS: 60, maxParticipants: 5, metadata: '' },
    }
    const draft = draftOf(newRoomId(), { options, createdAtMs: 1 })
    await steps.within(10_000, call => steps.record.open({ ...call, draft }))
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => nodes[n % 3]!.join(`person-${n}`)),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    for (const one of tries)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'resource_exhausted' })
  })

  it('take a second connection of somebody who is at another node, also where nobody else is, and end it with its owner', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const owned = { claims: { owner: 'an' } }
    await expect(b.join('an#hall', owned)).rejects.toMatchObject({ code: 'not_found' })
    const an = await a.join('an')
    const { participant } = await b.join('an#hall', owned)
    await allShow([a, b], ['an', 'an#hall'])
    await expect(b.join('binh#hall', { claims: { owner: 'binh' } })).rejects.toMatchObject({
      code: 'failed_precondition',
    })
    an.room.leave(an.participant, 'client_left')
    await eventually(() => (participant.isClosed ? undefined : 'it goes on without its owner'))
    await allShow([a, b], [])
  })

  it('end a room at all nodes when it is deleted, and release it where nobody is in it any more', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    await a.join('an')
    const binh = await b.join('binh')
    const { steps } = a.cluster.session
    const roomSid = a.room()!.id
    await steps.within(1_000, call => steps.record.closeRoom({ ...call, roomSid, reason: 'deleted' }))
    await eventually(() => (a.room() || b.room() ? 'a room is left' : undefined))
    expect(binh.link.last('leave').reason).toBe(5)
    await eventually(async () => ((await cluster.record.roomBySid(roomSid)).isOver ? undefined : 'not over'))
  })

  it('take a node that is silent for dead, and its people are gone everywhere; awake again it begins anew', async () => {
    const [a, b, c] = (await start(3)) as [TestClusterNode, TestClusterNode, TestClusterNode]
    await a.join('an')
    const lost = await c.join('chi')
    await allShow([a, b].slice(0, 1), ['an', 'chi'])
    const { inst } = c.cluster.session
    for (const other of [a, b]) {
      cluster.network.cut(inst, other.cluster.session.inst)
      cluster.network.cut(other.cluster.session.inst, inst)
    }
    c.reachesRecord = false
    await allShow([a], ['an'], 20_000)
    expect(await claimsOf()).toHaveLength(1)
    c.reachesRecord = true
    await eventually(() => (lost.participant.isClosed ? undefined : 'it does not know yet'), 20_000)
    expect(lost.link.last('leave').action).toBe(2)
    await eventually(() => (c.cluster.current && c.cluster.current.inst !== inst ? undefined : 'no new life'))
    await c.join('chi')
    await allShow([a, c], ['an', 'chi'])
  })

  it('fill a record that was emptied, and go on', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const an = await a.join('an')
    await b.join('binh')
    const sid = a.room()!.id
    const former = cluster.record
    cluster.record = new MemoryRecord()
    await former.close()
    await b.join('chi')
    expect(b.room()?.id).toBe(sid)
    expect(an.participant.isClosed).toBe(false)
    await allShow([a, b], ['an', 'binh', 'chi'])
    await eventually(async () => ((await claimsOf()).length === 3 ? undefined : 'claims are missing'))
  })

  it('know what the API said of somebody whose node is lost at once with all that the record had', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    await a.join('an')
    await b.join('binh')
    const { inst, directory } = a.cluster.session
    await directory.updateParticipant('R', 'an', { metadata: 'minutes' })
    await eventually(() => (b.room()?.remote.get('an')?.metadata === 'minutes' ? undefined : 'not told'))
    for (const [from, to] of [
      [inst, b.cluster.session.inst],
      [b.cluster.session.inst, inst],
    ] as const)
      cluster.network.cut(from, to)
    a.reachesRecord = false
    const former = cluster.record
    cluster.record = new MemoryRecord()
    await former.close()
    const back = await b.join('an')
    expect(back.participant.metadata).toBe('minutes')
  })

  it('that do not hear each other, but live: one gives the room up, until they do', async () => {
    const [a, b, c] = (await start(3)) as [TestClusterNode, TestClusterNode, TestClusterNode]
    const members = [await a.join('an'), await a.join('binh'), await b.join('chi'), await c.join('dung')]
    await allShow([a, b, c], ['an', 'binh', 'chi', 'dung'])
    const recorder: CaptureEvent[] = []
    await b.cluster.session.directory.openCapture('R', event => recorder.push(event))
    const [one, other] = [a.cluster.session.inst, b.cluster.session.inst]
    cluster.network.cut(one, other)
    cluster.network.cut(other, one)
    await allShow([a], ['an', 'binh', 'dung'], 15_000)
    await eventually(() => (members[2]!.participant.isClosed ? undefined : 'nobody gave it up'), 15_000)
    // A recorder goes where all are seen, too.
    expect(recorder.at(-1)).toMatchObject({ type: 'closed', reason: 'node_stopping' })
    expect(members[2]!.link.last('leave').action).toBe(2)
    expect(b.cluster.session.rooms.givenUp.refuges('R')).toContain(c.cluster.session.inst)
    expect(members.filter(({ participant }) => participant.isClosed)).toHaveLength(1)
    await expect(b.join('chi')).rejects.toMatchObject({ code: 'unavailable' })
    await c.join('chi')
    await allShow([a, c], ['an', 'binh', 'chi', 'dung'])
    cluster.network.heal(one, other)
    cluster.network.heal(other, one)
    await eventually(
      () => (b.cluster.session.rooms.givenUp.refuges('R') ? 'still given up' : undefined),
      15_000,
    )
    await b.join('em')
    await allShow([a, b, c], ['an', 'binh', 'chi', 'dung', 'em'])
  })

  it('that gave a room up keep newcomers away when they have left it, too, until the other one is heard or out of it', async () => {
    const [a, b, c] = (await start(3)) as [TestClusterNode, TestClusterNode, TestClusterNode]
    const there = [await a.join('an'), await a.join('binh')]
    const chi = await b.join('chi')
    await c.join('dung')
    const [one, other] = [a.cluster.session.inst, b.cluster.session.inst]
    cluster.network.cut(one, other)
    cluster.network.cut(other, one)
    await eventually(() => (chi.participant.isClosed ? undefined : 'nobody gave it up'), 15_000)
    await eventually(() => (b.room() ? 'still there' : undefined), 15_000)
    await expect(b.join('chi')).rejects.toMatchObject({ code: 'unavailable' })
    for (const { room, participant } of there) room.leave(participant, 'client_left')
    await eventually(() => (b.cluster.session.rooms.givenUp.refuges('R') ? 'given up' : undefined), 15_000)
    await b.join('chi')
    await allShow([b, c], ['chi', 'dung'])
  }, 40_000)

  it('that live and were never linked: one gives the room up as well', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    await a.join('an')
    await a.join('binh')
    const { network } = cluster
    const enter = network.join.bind(network)
    network.join = options => {
      network.cut(options.self, a.cluster.session.inst)
      network.cut(a.cluster.session.inst, options.self)
      return enter(options)
    }
    const c = new TestClusterNode(cluster, 2)
    cluster.nodes.push(c)
    await c.start()
    const chi = await c.join('chi')
    await eventually(() => (chi.participant.isClosed ? undefined : 'nobody gave it up'), 15_000)
    expect(chi.link.last('leave').action).toBe(2)
    expect(c.cluster.session.rooms.givenUp.refuges('R')).toContain(a.cluster.session.inst)
    await b.join('chi')
    await allShow([a, b], ['an', 'binh', 'chi'])
  })

  it('mend what the record and they have of each other: a seat nobody sits in, and one that is missing', async () => {
    const [a] = (await start(2)) as [TestClusterNode]
    const an = await a.join('an')
    const { steps } = a.cluster.session
    const { id: roomSid } = a.room()!
    const [claim] = await claimsOf()
    // As a try of a join leaves it that was never answered.
    const stray = { psid: newParticipantId(), identity: 'nobody', isCounted: true, isForwarded: false }
    await steps.within(1_000, call =>
      steps.record.join({
        ...{ ...call, ...stray, roomName: 'R' },
        ...{ tokenFromS: null, epochSeen: 0, draft: null, info: '' },
      }),
    )
    await steps.within(1_000, call =>
      steps.record.release({ ...call, roomSid, identity: 'an', psid: claim!.psid, epoch: claim!.epoch }),
    )
    await eventually(async () => {
      const held = (await claimsOf()).map(({ identity }) => identity).join()
      return held === 'an' ? undefined : `held: ${held}`
    }, 25_000)
    expect(an.participant.isClosed).toBe(false)
  })

  it('have a recorder move last before a node stops, when those it records have, and wait until it did', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const people = [await a.join('an'), await a.join('binh')]
    await b.join('chi')
    const told: string[] = []
    const capture = await a.cluster.session.directory.openCapture('R', event =>
      told.push(`${event.type}: ${people.filter(({ participant }) => participant.isClosed).length} are gone`),
    )
    await eventually(() => (b.room()?.captures.isRecording ? undefined : 'the other node does not know'))
    let isDrained = false
    const drained = a.cluster.drain(10_000).then(() => {
      isDrained = true
    })
    await eventually(() => (told.length === 2 ? undefined : told.join()))
    expect(told).toEqual(['joined: 0 are gone', 'moving: 2 are gone'])
    expect(isDrained).toBe(false)
    await capture.close('recorder_gone')
    await drained
    await eventually(() => (b.room()?.captures.isRecording ? 'still recorded' : undefined))
  })

  it('leave a room where only a recorder was, when it has gone', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    await a.join('an')
    const capture = await b.cluster.session.directory.openCapture('R', () => {})
    const nodes = async () => (await cluster.record.roomByName('R')).room?.nodes.length
    expect(await nodes()).toBe(2)
    const longerThanWithNobody = performance.now() + 2_000
    await eventually(() => (performance.now() > longerThanWithNobody ? undefined : 'too early to tell'))
    expect(await nodes()).toBe(2)
    await capture.close('recorder_gone')
    await eventually(async () => ((await nodes()) === 1 ? undefined : 'it is still one of its nodes'))
    expect(b.room()).toBeUndefined()
  })

  it('hand newcomers on and send people away, some at a time, before a node stops', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const people = await Promise.all(Array.from({ length: 5 }, (_, n) => a.join(`person-${n}`)))
    await a.cluster.drain(10_000)
    for (const { link, participant } of people) {
      expect(participant.isClosed).toBe(true)
      expect(link.last('leave')).toMatchObject({ action: 2, reason: 3 })
      expect(link.last('leave').regions?.regions.map(({ url }) => url)).toEqual(['ws://node-1'])
    }
    expect(a.cluster.unready).toBe('this node is drained')
    expect(b.cluster.unready).toBeUndefined()
    await eventually(() => {
      const told = [...b.cluster.session.beats.others().values()].map(({ isDraining }) => isDraining)
      return told.join() === 'true' ? undefined : `the other knows ${told.join()}`
    })
    // Whoever took it back is one of them as before.
    expect(b.cluster.hasElsewhere).toBe(false)
    a.cluster.takeAgain()
    expect(a.cluster.unready).toBeUndefined()
    await eventually(() => (b.cluster.hasElsewhere ? undefined : 'the other has not heard of it'))
    await a.join('newcomer')
  })

  it('stop sending people away when a drain is taken back in its middle', async () => {
    const [a] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const people = await Promise.all(Array.from({ length: 20 }, (_, n) => a.join(`person-${n}`)))
    const draining = a.cluster.drain(10_000)
    a.cluster.takeAgain()
    await draining
    // It went on for one step at most.
    expect(people.filter(({ participant }) => participant.isClosed).length).toBeLessThanOrEqual(2)
    expect(a.cluster.unready).toBeUndefined()
  })
})

it('a node that cannot join lets go of the record', async () => {
  cluster = await TestCluster.start(1)
  const record = new MemoryRecord()
  const end = record.close.bind(record)
  let isClosed = false
  Object.assign(record, {
    hello: async () => {
      throw new AppError('unavailable', 'refused for a test')
    },
    close: async () => {
      isClosed = true
      await end()
    },
  })
  const node = new ClusterNode({
    log: silentLog,
    load: () => '',
    told: () => {},
    began: () => ({ close: async () => {} }),
    parts: {
      record,
      openLinks: async (self, clusterNowMs) => ({
        links: cluster.network.join({ self, clusterNowMs }),
        address: 'late:1',
      }),
    },
  })
  const { registry } = cluster.nodes[0]!.rooms
  await expect(node.start(registry)).rejects.toMatchObject({ code: 'unavailable' })
  expect(isClosed).toBe(true)
})
