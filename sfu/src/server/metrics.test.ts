import { Room } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeMediaNode } from '../../test/room-support/fake-media.ts'
import { createMetrics, type Metrics } from './metrics.ts'

describe('the metrics of a node', () => {
  let metrics: Metrics
  let workers: { index: number; pid: number; peers: number }[]
  let rooms: Room[]
  let pending: number
  beforeEach(() => {
    workers = [{ index: 0, pid: 4711, peers: 2 }]
    rooms = [new Room({ numParticipants: 3 }), new Room({ numParticipants: 4 })]
    pending = 5
    metrics = createMetrics({
      rooms: { listRooms: () => rooms },
      workers: () => workers,
      resources: () => ({ ...new FakeMediaNode().resources(), consumers: 6 }),
      pendingWebhooks: () => pending,
      asideWebhooks: () => 2,
    })
  })
  afterEach(() => metrics.close())

  /** Lines of one metric. */
  const shown = async (name: string) =>
    (await metrics.text()).split('\n').filter(line => line.startsWith(`diemcau_sfu_${name}`))

  it('count what is there when they are asked for', async () => {
    expect(await shown('rooms')).toEqual(['diemcau_sfu_rooms 2'])
    expect(await shown('participants')).toEqual(['diemcau_sfu_participants 7'])
    expect(await shown('webhooks_pending')).toEqual(['diemcau_sfu_webhooks_pending 5'])
    expect(await shown('webhooks_aside')).toEqual(['diemcau_sfu_webhooks_aside 2'])
    expect(await shown('media_open')).toContain('diemcau_sfu_media_open{kind="consumers"} 6')
    rooms = []
    pending = 0
    expect(await shown('participants')).toEqual(['diemcau_sfu_participants 0'])
    expect(await shown('webhooks_pending')).toEqual(['diemcau_sfu_webhooks_pending 0'])
  })

  it('forget a worker that was replaced', async () => {
    expect(await shown('worker_peers')).toEqual(['diemcau_sfu_worker_peers{worker="0",pid="4711"} 2'])
    workers = [{ index: 0, pid: 4712, peers: 1 }]
    expect(await shown('worker_peers')).toEqual(['diemcau_sfu_worker_peers{worker="0",pid="4712"} 1'])
  })

  it('count joins by how they ended', async () => {
    for (const result of ['accepted', 'unauthenticated', 'accepted']) metrics.countJoin(result)
    expect(await shown('joins_total')).toEqual([
      'diemcau_sfu_joins_total{result="accepted"} 2',
      'diemcau_sfu_joins_total{result="unauthenticated"} 1',
    ])
  })
})
