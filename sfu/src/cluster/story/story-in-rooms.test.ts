/** Webhooks of rooms over nodes as they are: rooms on fake media, sessions, a record in memory, a receiver over HTTP. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { type Member, TestCluster, type TestClusterNode } from '../../../test/room-support/test-cluster.ts'
import { publish } from '../../../test/room-support/test-room.ts'
import { silentLog } from '../../room/base/log.ts'
import { MemoryRecord } from '../record/memory-record.ts'
import { StoryDelivery } from './story-delivery.ts'
import { KEY, Receiver } from './test-receiver.ts'

let folder: string
let receiver: Receiver
let cluster: TestCluster
const deliveries: StoryDelivery[] = []
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'stories-'))
  receiver = await Receiver.create()
})
afterEach(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true })
  deliveries.length = 0
})

const dataDir = (index: number) => path.join(folder, `${index}`)
async function start(count: number): Promise<TestClusterNode[]> {
  cluster = await TestCluster.start(count, {
    dataDir,
    told: (roomName, index) => deliveries[index]?.wake(roomName),
    began: ({ steps }, index) => {
      const delivery = StoryDelivery.start({
        ...{ steps, urls: [receiver.url], key: KEY, log: silentLog, dataDir: dataDir(index) },
        ...{ firstRetryMs: 20, maxRetryMs: 100 },
      })
      deliveries[index] = delivery
      return { close: graceMs => delivery.close(graceMs) }
    },
  })
  return cluster.nodes
}
async function joined(node: TestClusterNode, identity: string, isPublishing = false): Promise<Member> {
  const member = await node.join(identity)
  node.connect(member)
  if (isPublishing) await publish({ ...member } as never, `cam of ${identity}`)
  return member
}
const kindsOf = (identity: string) =>
  receiver.words().flatMap(word => (word.split(' ')[1] === identity ? [word.split(' ')[0]] : []))
const until = (what: () => string | undefined, limitMs = 30_000) => eventually(what, limitMs)
const WHOLE = ['participant_joined', 'track_published', 'track_unpublished', 'participant_left']

async function deleteRoom(node: TestClusterNode, name = 'R'): Promise<void> {
  const { session } = node.cluster
  await session.directory.deleteRoom(name)
  await until(() => (receiver.words().at(-1) === 'room_finished' ? undefined : receiver.words().join(', ')))
}

describe('webhooks of rooms over nodes', { timeout: 60_000 }, () => {
  it('tell of everybody once, wherever they were, between the start and the end of the room', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    await joined(a, 'an', true)
    await joined(b, 'binh', true)
    await b.join('never connected')
    await until(() => (receiver.words().length >= 5 ? undefined : receiver.words().join(', ')))
    await deleteRoom(b)
    const words = receiver.words()
    expect(words[0]).toBe('room_started')
    expect(kindsOf('an')).toEqual(WHOLE)
    expect(kindsOf('binh')).toEqual(WHOLE)
    expect(kindsOf('never')).toEqual(['participant_connection_aborted'])
    expect(words).toHaveLength(2 + 4 + 4 + 1)
    expect(receiver.repeats).toBe(0)
  })

  it('tell the end of those whose node fell silent, with their tracks, and the end of the room behind it', async () => {
    const [a, b, c] = (await start(3)) as [TestClusterNode, TestClusterNode, TestClusterNode]
    await joined(a, 'an')
    await joined(c, 'chi', true)
    await until(() => (receiver.words().length >= 4 ? undefined : receiver.words().join(', ')))
    const { inst } = c.cluster.session
    for (const other of [a, b]) {
      cluster.network.cut(inst, other.cluster.session.inst)
      cluster.network.cut(other.cluster.session.inst, inst)
    }
    c.reachesRecord = false
    await until(() => (kindsOf('chi').length === 4 ? undefined : receiver.words().join(', ')))
    expect(kindsOf('chi')).toEqual(WHOLE)
    const left = receiver.story.findLast(({ participant }) => participant?.identity === 'chi')!
    // Dated with the last sign of life, not with the burial.
    expect(Number(left.createdAt)).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + 4)
    await deleteRoom(a)
    expect(kindsOf('an')).toEqual(['participant_joined', 'participant_left'])
    c.reachesRecord = true
    await until(() => (c.cluster.current && c.cluster.current.inst !== inst ? undefined : 'no new life'))
    expect(kindsOf('chi')).toEqual(WHOLE)
  })

  it('tell what happened while the record was away, when it is back', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    const an = await joined(a, 'an')
    await joined(b, 'binh')
    await until(() => (receiver.words().length >= 3 ? undefined : receiver.words().join(', ')))
    a.reachesRecord = false
    await publish({ ...an } as never, 'cam')
    an.room.leave(an.participant, 'client_left')
    expect(kindsOf('an')).toEqual(['participant_joined'])
    a.reachesRecord = true
    await until(() => (kindsOf('an').length === 4 ? undefined : receiver.words().join(', ')))
    expect(kindsOf('an')).toEqual(WHOLE)
  })

  it('come whole, also the end of a room, when the record is emptied before they were delivered', async () => {
    const [a, b] = (await start(2)) as [TestClusterNode, TestClusterNode]
    await receiver.down()
    await joined(a, 'an', true)
    await joined(b, 'binh', true)
    await a.cluster.session.directory.deleteRoom('R')
    await until(() =>
      [a, b].every(
        ({ cluster: { session } }) => session.story.waiting === 0 && session.seats.list().length === 0,
      )
        ? undefined
        : 'not told',
    )
    const former = cluster.record
    cluster.record = new MemoryRecord()
    await former.close()
    // What was read before does not come from there.
    await until(() => {
      const { id } = cluster.record.steps.stamp().era
      return [a, b].every(({ cluster: { session } }) => id !== '' && session.steps.era === id)
        ? undefined
        : 'not filled'
    })
    await until(() =>
      deliveries.every(({ pending }) => pending === 0) ? undefined : 'it still has the former',
    )
    expect(receiver.took).toEqual([])
    await receiver.up()
    await until(() => (receiver.words().at(-1) === 'room_finished' ? undefined : receiver.words().join(', ')))
    expect(receiver.words()[0]).toBe('room_started')
    expect(kindsOf('an')).toEqual(WHOLE)
    expect(kindsOf('binh')).toEqual(WHOLE)
  })
})
