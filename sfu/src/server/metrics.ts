import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { MediaNode } from '../room/base/ports.ts'

/** What `/metrics` shows (Prometheus text format). Values are read when asked for. */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  /** One WebSocket at `/rtc`; `result` is 'accepted', 'handed_on' (to another node) or an error code. */
  countJoin(result: string): void
  close(): void
}

export function createMetrics(sources: {
  /** Those of this process only: whoever reads the metrics of all nodes adds them up. */
  rooms: { listRooms(): { numParticipants: number }[] }
  workers: MediaNode['workers']
  resources: MediaNode['resources']
  /** Webhooks not yet delivered. */
  pendingWebhooks(): number
  /** Webhooks given up since the start. */
  asideWebhooks(): number
}): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  new Gauge({
    name: 'diemcau_sfu_rooms',
    help: 'Open rooms',
    registers,
    collect() {
      this.set(sources.rooms.listRooms().length)
    },
  })
  new Gauge({
    name: 'diemcau_sfu_participants',
    help: 'Participants in all rooms',
    registers,
    collect() {
      this.set(sources.rooms.listRooms().reduce((sum, room) => sum + room.numParticipants, 0))
    },
  })
  new Gauge({
    name: 'diemcau_sfu_worker_peers',
    help: 'Peers placed on each mediasoup worker',
    labelNames: ['worker', 'pid'],
    registers,
    collect() {
      // A worker that was replaced has another pid: its old series must not stay.
      this.reset()
      for (const { index, pid, peers } of sources.workers()) this.set({ worker: index, pid }, peers)
    },
  })
  new Gauge({
    name: 'diemcau_sfu_media_open',
    help: 'Routers, transports, producers, consumers and the like that are open in the media workers',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(sources.resources())) this.set({ kind }, count)
    },
  })
  new Gauge({
    name: 'diemcau_sfu_webhooks_pending',
    help: 'Webhook deliveries waiting in the outbox',
    registers,
    collect() {
      this.set(sources.pendingWebhooks())
    },
  })
  new Gauge({
    name: 'diemcau_sfu_webhooks_aside',
    help: 'Webhooks put aside since the start, because the receiver refused them or stumbled over them: an alarm',
    registers,
    collect() {
      this.set(sources.asideWebhooks())
    },
  })
  const joins = new Counter({
    name: 'diemcau_sfu_joins_total',
    help: 'Signalling connections by result',
    labelNames: ['result'],
    registers,
  })
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    countJoin: result => joins.inc({ result }),
    close: () => registry.clear(),
  }
}
