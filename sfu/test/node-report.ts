import type { NodeReport } from '@diemcau/core/contracts/node-report.ts'

/** A report of a node of a cluster of two, with something of everything. */
export const someReport = (changes: Partial<NodeReport> = {}): NodeReport => ({
  name: 'node-1',
  startedAtMs: 0,
  notReady: null,
  drain: { state: 'none', left: 8, refusal: null },
  cpuMs: 1_000,
  memoryBytes: 100_000_000,
  eventLoopP99Ms: 12,
  people: 7,
  roomCount: 2,
  rooms: [
    { name: 'MT_1', people: 4, recorders: 1, nodes: 1, pipes: 3 },
    { name: 'MT_2', people: 3, recorders: 0, nodes: 0, pipes: 0 },
  ],
  recorders: 1,
  carriedTracks: 3,
  workers: [{ index: 0, pid: 4711, peers: 2, cpuMs: 2_500, peakMemoryBytes: 20_000_000 }],
  wantedWorkers: 2,
  mediaOpen: { routers: 1, consumers: 6 },
  pipes: [{ node: '10.1.2.12:7881', open: 2, sentBytes: 3_000, receivedBytes: 4_000 }],
  pipePorts: { all: 1000, used: 2 },
  waiting: { signalBytes: 10, dataBytes: 20 },
  webhooks: { pending: 5, aside: 2 },
  cluster: {
    instance: 'ND_1',
    reachesRecord: true,
    isCutOff: false,
    links: [
      {
        node: '10.1.2.12:7881',
        incarnation: 'ND_2',
        isUp: true,
        roundTripMs: 2,
        waitingBytes: 64,
        sentBytes: 500,
        receivedBytes: 600,
        breaks: 1,
      },
    ],
    claims: 7,
    reservedSeats: 1,
    storyWaiting: 3,
    storyLost: 0,
  },
  ...changes,
})
