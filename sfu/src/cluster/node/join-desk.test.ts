import { AppError } from '@diemcau/core/errors.ts'
import { afterEach, expect, it, vi } from 'vitest'
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
