/** A node that is told to stop says nothing that sounds like a fault. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestCluster } from '../../../test/room-support/test-cluster.ts'
import { settle } from '../../../test/room-support/test-room.ts'
import { type Log, silentLog } from '../../room/base/log.ts'
import { StoryDelivery } from '../story/story-delivery.ts'
import { KEY } from '../story/test-receiver.ts'

let cluster: TestCluster
let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'orderly-stop-'))
})
afterEach(async () => {
  await cluster.close()
  rmSync(dataDir, { recursive: true, force: true })
})

it('also when people have gone just before, whose leaving is delivered while it stops', async () => {
  const faults: string[] = []
  const log: Log = {
    ...silentLog,
    child: () => log,
    error: (context, message) => faults.push(`${message} ${JSON.stringify(context)}`),
  }
  let delivery: StoryDelivery | undefined
  cluster = await TestCluster.start(1, {
    log,
    dataDir: () => dataDir,
    // Nothing is taken off the record but by the last step of the stop.
    began: ({ steps }) => ({
      close: async graceMs => {
        delivery ??= StoryDelivery.start({ steps, urls: [], key: KEY, log, dataDir })
        await delivery.close(graceMs)
      },
    }),
  })
  const [node] = cluster.nodes
  if (!node) throw new Error('no node')
  const { room, participant, ...an } = await node.join('an')
  node.connect({ room, participant, ...an })
  await settle()
  room.leave(participant, 'client_left')
  await node.cluster.close(2_000)
  expect(faults).toEqual([])
  expect(await cluster.record.undelivered()).toEqual([])
  expect(readdirSync(path.join(dataDir, 'outbox', 'story'))).toEqual([])
})
