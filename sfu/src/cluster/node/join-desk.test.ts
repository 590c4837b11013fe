import { AppError } from '@diemcau/core/errors.ts'
import { afterEach, expect, it, vi } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { TestCluster } from '../../../test/room-support/test-cluster.ts'

/** All tries of a join, ms. */
const JOIN_MS = 1_000

let cluster: TestCluster
afterEach(() => cluster.close())

it('who joins while the record is silent is told to come again in time, and no try may be carried out after that', async () => {
  cluster = await TestCluster.start(1, { joinMs: JOIN_MS })
  const [node] = cluster.nodes
  const deadlines: number[] = []
  vi.spyOn(cluster.record, 'join').mockImplementation(async ({ deadlineMs }) => {
    deadlines.push(deadlineMs)
    throw new AppError('unavailable', 'silent for a test')
  })
  const startedAtMs = node!.cluster.clusterNowMs()
  await expect(node!.join('an')).rejects.toMatchObject({ code: 'unavailable' })
  expect(deadlines.length).toBeGreaterThan(0)
  // Beside the join itself there may be something this machine is busy with; a whole try takes two seconds.
  for (const deadlineMs of deadlines) expect(deadlineMs - startedAtMs).toBeLessThan(JOIN_MS + 900)
})

it('a seat that a given-up join has left in the record is given back by itself, before seats are compared', async () => {
  cluster = await TestCluster.start(1, { joinMs: JOIN_MS, compareMs: 600_000 })
  const [node] = cluster.nodes
  await node!.join('an')
  const { join } = cluster.record
  const mock = vi.spyOn(cluster.record, 'join').mockImplementation(async call => {
    // It is done, and the answer is lost.
    await join(call)
    throw new AppError('unavailable', 'deaf for a test')
  })
  await expect(node!.join('binh')).rejects.toMatchObject({ code: 'unavailable' })
  expect(mock).toHaveBeenCalled()
  const claimed = async () => {
    const { claims } = await cluster.record.claims(node!.room()!.id)
    return claims.map(({ identity }) => identity)
  }
  await eventually(
    async () => ((await claimed()).join() === 'an' ? undefined : (await claimed()).join()),
    5_000,
  )
})
