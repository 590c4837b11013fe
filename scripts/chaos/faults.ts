/** What can happen to a cluster, one after the other. */
import { type ChaosCluster, pause } from './chaos-cluster.ts'

export interface Fault {
  name: string
  /** For the table. */
  title: string
  /** Until people of the nodes hit are back, ms, for 95 of 100; undefined: nobody is moved. */
  promisedMs: number | undefined
  /** Indexes of the nodes whose people may notice. */
  hits: (node: number, nodes: number) => number[]
  /** Resolves when the cause is over; what it did to people may last longer. */
  run: (cluster: ChaosCluster, node: number) => Promise<void>
}

const LONG_MS = 30_000
/** Past 10 s a cut pair is split (docs/cluster.md). */
const CUT_MS = 20_000

const onlyIt = (node: number): number[] => [node]
const nobody = (): number[] => []
const next = (node: number, nodes: number): number => (node + 1) % nodes

async function restarted(cluster: ChaosCluster, node: number, signal: NodeJS.Signals): Promise<void> {
  const before = cluster.pidOf(node)
  process.kill(before, signal)
  await cluster.whenBack(node, before)
}

/** Cuts, waits and heals, whatever happens. */
async function cutFor(cluster: ChaosCluster, ms: number, cut: () => void): Promise<void> {
  cut()
  try {
    await pause(ms)
  } finally {
    cluster.heal()
  }
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'nothing',
    title: 'nothing, for 10 s: what the machine itself costs',
    promisedMs: undefined,
    hits: nobody,
    run: () => pause(10_000),
  },
  {
    name: 'kill',
    title: 'a node is killed (kill -9)',
    promisedMs: 5_000,
    hits: onlyIt,
    run: (cluster, node) => restarted(cluster, node, 'SIGKILL'),
  },
  {
    name: 'worker',
    title: 'a media worker is killed',
    promisedMs: undefined,
    hits: onlyIt,
    run: async (cluster, node) => {
      const [worker] = await cluster.workersOf(node)
      process.kill(worker!, 'SIGKILL')
    },
  },
  {
    name: 'stop',
    title: 'a node is stopped for 30 s and wakes up',
    promisedMs: 8_000,
    hits: onlyIt,
    run: async (cluster, node) => {
      const pid = cluster.pidOf(node)
      process.kill(pid, 'SIGSTOP')
      try {
        await pause(LONG_MS)
      } finally {
        process.kill(pid, 'SIGCONT')
      }
    },
  },
  {
    name: 'drain',
    title: 'a node is drained (SIGTERM) and comes back',
    promisedMs: 5_000,
    hits: onlyIt,
    run: (cluster, node) => restarted(cluster, node, 'SIGTERM'),
  },
  {
    name: 'redis-empty',
    title: 'Redis is killed and comes back empty',
    promisedMs: undefined,
    hits: nobody,
    run: cluster => cluster.emptyRedis(),
  },
  {
    name: 'redis-away',
    title: 'Redis is away for 30 s',
    promisedMs: undefined,
    hits: nobody,
    run: cluster => cutFor(cluster, LONG_MS, () => cluster.cutRedis()),
  },
  {
    name: 'cut-redis',
    title: 'a node does not reach Redis for 30 s',
    promisedMs: undefined,
    hits: nobody,
    run: (cluster, node) => cutFor(cluster, LONG_MS, () => cluster.cutRedis(node)),
  },
  {
    name: 'cut-links',
    title: 'the link between two nodes is cut for 20 s',
    promisedMs: undefined,
    hits: (node, nodes) => [node, next(node, nodes)],
    run: (cluster, node) =>
      cutFor(cluster, CUT_MS, () => cluster.cutLinks(node, next(node, cluster.plans.length))),
  },
  {
    name: 'cut-all',
    title: 'a node reaches neither Redis nor nodes for 30 s',
    promisedMs: undefined,
    hits: onlyIt,
    run: (cluster, node) =>
      cutFor(cluster, LONG_MS, () => {
        cluster.cutRedis(node)
        cluster.cutLinks(node)
      }),
  },
]
