/** Nodes of a cluster as processes of the loopback, with a Redis of their own. */
import { RedisServer } from './redis-server.ts'
import { freePorts, type RunningSfu, startSfu } from './start-sfu.ts'
import type { TestWebhooks } from './webhook-receiver.ts'

const CLUSTER_SECRET = 'a-cluster-secret-of-more-than-32-characters'
/** Of links and pipes; below what the system gives out by itself. */
const PORTS = { from: 22_000, to: 29_000 }
/** A room takes one for each pair of media workers of two nodes, until some time after its end. */
const PIPE_PORT_COUNT = 200

/** Settings of the nodes of a cluster on the loopback: each has a port for links and some for pipes. */
export async function clusterSettings(count: number, redisUrl: string): Promise<Record<string, string>[]> {
  const first = await freePorts(count * (1 + PIPE_PORT_COUNT), PORTS)
  return Array.from({ length: count }, (_, n) => {
    const link = first + n * (1 + PIPE_PORT_COUNT)
    return {
      REDIS_URL: redisUrl,
      CLUSTER_SECRET,
      // A test decides who is on which node.
      SFU_NODE_PLACEMENT: 'entry',
      SFU_LINK_BIND: '127.0.0.1',
      SFU_LINK_PORT: String(link),
      SFU_PIPE_PORTS: `${link + 1}-${link + PIPE_PORT_COUNT}`,
    }
  })
}

/** Ends all, also when one of them fails. @throws the first failure */
export async function closeAll(things: readonly { close(): Promise<void> }[]): Promise<void> {
  const ends = await Promise.allSettled(things.map(thing => thing.close()))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

export interface RunningCluster {
  nodes: RunningSfu[]
  redis: RedisServer
  /** Ends all nodes and what they needed; throws when one did not end well. */
  close(): Promise<void>
}

export interface StartClusterOptions {
  webhooks: TestWebhooks
  recordingsUrl?: string
  /** More settings of a node, or others. */
  settingsOf?: (
    at: number,
    settings: Readonly<Record<string, string>>,
    redis: RedisServer,
  ) => Promise<Record<string, string>>
}

/** Three nodes with one media worker each. */
export async function startCluster({
  settingsOf = async () => ({}),
  ...options
}: StartClusterOptions): Promise<RunningCluster> {
  const redis = await RedisServer.create()
  const starts = await Promise.allSettled(
    (await clusterSettings(3, redis.url)).map(async (env, at) =>
      startSfu({ workers: 1, env: { ...env, ...(await settingsOf(at, env, redis)) }, ...options }),
    ),
  )
  const nodes = starts.flatMap(start => (start.status === 'fulfilled' ? [start.value] : []))
  const close = () => closeAll(nodes.map(node => ({ close: () => node.stop() }))).finally(() => redis.close())
  for (const start of starts)
    if (start.status === 'rejected') {
      await close()
      throw start.reason
    }
  return { nodes, redis, close }
}
