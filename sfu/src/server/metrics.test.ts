import type { NodeReport } from '@diemcau/core/contracts/node-report.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { someReport } from '../../test/node-report.ts'
import { createMetrics, type Metrics } from './metrics.ts'

describe('the metrics of a node', () => {
  let metrics: Metrics
  let report: NodeReport
  beforeEach(() => {
    report = someReport()
    metrics = createMetrics(async () => report)
  })
  afterEach(() => metrics.close())

  /** Lines of one metric. */
  const shown = async (name: string) =>
    (await metrics.text()).split('\n').filter(line => new RegExp(`^diemcau_sfu_${name}[ {]`).test(line))

  it('count what is there when they are asked for', async () => {
    expect(await shown('rooms')).toEqual(['diemcau_sfu_rooms 2'])
    expect(await shown('participants')).toEqual(['diemcau_sfu_participants 7'])
    expect(await shown('webhooks_pending')).toEqual(['diemcau_sfu_webhooks_pending 5'])
    expect(await shown('webhooks_aside')).toEqual(['diemcau_sfu_webhooks_aside 2'])
    expect(await shown('media_open')).toContain('diemcau_sfu_media_open{kind="consumers"} 6')
    expect(await shown('pipe_ports_left')).toEqual(['diemcau_sfu_pipe_ports_left 998'])
    expect(await shown('worker_cpu_seconds_total')).toEqual([
      'diemcau_sfu_worker_cpu_seconds_total{worker="0"} 2.5',
    ])
    report = someReport({ people: 0, webhooks: { pending: 0, aside: 0 } })
    expect(await shown('participants')).toEqual(['diemcau_sfu_participants 0'])
    expect(await shown('webhooks_pending')).toEqual(['diemcau_sfu_webhooks_pending 0'])
  })

  it('count what grows as it is, however often they are asked', async () => {
    const sent = 'diemcau_sfu_link_sent_bytes_total{node="10.1.2.12:7881"} 500'
    expect(await shown('link_sent_bytes_total')).toEqual([sent])
    expect(await shown('link_sent_bytes_total')).toEqual([sent])
  })

  it('forget a worker that was replaced, and a node that is gone', async () => {
    expect(await shown('worker_peers')).toEqual(['diemcau_sfu_worker_peers{worker="0",pid="4711"} 2'])
    expect(await shown('link_up')).toEqual(['diemcau_sfu_link_up{node="10.1.2.12:7881"} 1'])
    const worker = { ...report.workers[0]!, pid: 4712, peers: 1 }
    report = someReport({ workers: [worker], cluster: { ...report.cluster!, links: [] } })
    expect(await shown('worker_peers')).toEqual(['diemcau_sfu_worker_peers{worker="0",pid="4712"} 1'])
    expect(await shown('link_up')).toEqual([])
  })

  it('show a node alone nothing of a cluster, and of a silent worker no figures', async () => {
    const silent = { ...report.workers[0]!, cpuMs: null, peakMemoryBytes: null }
    report = someReport({ cluster: null, pipePorts: null, pipes: [], workers: [silent] })
    for (const name of ['claims', 'record_reached', 'pipe_ports', 'worker_cpu_seconds_total'])
      expect(await shown(name)).toEqual([])
    expect(await shown('worker_peers')).toHaveLength(1)
  })

  it('name no room, as a label would be kept for ever', async () => {
    expect(await metrics.text()).not.toContain('MT_1')
  })

  it('count joins by how they ended', async () => {
    for (const result of ['accepted', 'unauthenticated', 'accepted']) metrics.countJoin(result)
    expect(await shown('joins_total')).toEqual([
      'diemcau_sfu_joins_total{result="accepted"} 2',
      'diemcau_sfu_joins_total{result="unauthenticated"} 1',
    ])
  })
})
