/** Three processes with a Redis, and gates on all ways of TCP between them: to Redis, and between nodes. Media between nodes is not held up. */
import { existsSync } from 'node:fs'
import { Gate } from '../../../testing/gate.ts'
import { noRedisServer } from '../../../testing/redis-server.ts'
import { ownerOf } from '../../../testing/socket-owner.ts'
import type { TestWebhooks } from '../../../testing/webhook-receiver.ts'
import { type OpenProcesses, openProcesses } from './set-ups.ts'

export const noGatedProcesses =
  noRedisServer ?? (existsSync('/proc/net/tcp') ? undefined : 'no /proc/net/tcp that tells whose a socket is')

export interface GatedProcesses extends OpenProcesses {
  /** Between that node and Redis nothing passes any more. */
  cutRedis(at: number): void
  /** Nor between that node and the others. */
  cutLinks(at: number): void
  /** What was cut passes again. */
  heal(): void
}

/** `close` closes the gates, too. */
export async function openGatedProcesses(webhooks: TestWebhooks): Promise<GatedProcesses> {
  const redisGates: Gate[] = []
  const linkGates: Gate[] = []
  const closeGates = () => Promise.all([...redisGates, ...linkGates].map(gate => gate.close()))
  /** Which node dials. Connections wait until all have started. */
  const nodeOf = async (port: number): Promise<string | undefined> => {
    const nodes = await opening.then(({ nodes }) => nodes).catch(() => [])
    const pids = nodes.map(node => (node.isRunning ? node.pid : 0))
    const pid = await ownerOf(port, pids.filter(Boolean))
    return pid === undefined ? undefined : String(pids.indexOf(pid))
  }
  const opening = openProcesses(webhooks, async (at, { SFU_LINK_PORT }, redis) => {
    const redisGate = await Gate.to(redis.port)
    const linkGate = await Gate.to(Number(SFU_LINK_PORT), nodeOf)
    redisGates[at] = redisGate
    linkGates[at] = linkGate
    return {
      REDIS_URL: `redis://127.0.0.1:${redisGate.port}`,
      SFU_LINK_ADDRESS: `127.0.0.1:${linkGate.port}`,
    }
  })
  const open = await opening.catch(async (error: unknown) => {
    await closeGates()
    throw error
  })
  return {
    ...open,
    cutRedis: at => redisGates[at]!.cut(),
    cutLinks: at => {
      for (const [index, gate] of linkGates.entries())
        gate.cut(index === at ? undefined : source => source === String(at))
    },
    heal: () => {
      for (const gate of [...redisGates, ...linkGates]) gate.open()
    },
    close: () => open.close().finally(closeGates),
  }
}
