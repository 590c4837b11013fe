/** Which ports, folders and settings each media server of a cluster on one machine has. */
import { availableParallelism } from 'node:os'
import path from 'node:path'

export interface NodePlan {
  /** As people count them, from 1. */
  number: number
  /** Of its lines and of its data folder. */
  name: string
  port: number
  linkPort: number
  firstMediaPort: number
  workers: number
  /** Ports of SFU_PIPE_PORTS. */
  pipes: { first: number; last: number }
  dataDir: string
}

/** Between the ports of one node and of the next, and from the address that leads to all of them to the first. */
const STEP = 10
/** Its port and its links take one each. */
const MAX_WORKERS = STEP - 2
/** From SFU_PORT to the first of the ports for media between nodes, and how many each node has. */
const PIPES_FROM = 120
const PIPES_EACH = 300

/** What of the supervisor's settings decides. SFU_PORT is that of the address that leads to all nodes. */
interface PlanSettings {
  nodes: number | undefined
  SFU_PORT: number
  SFU_WORKERS?: number | undefined
  DATA_DIR: string
}

/** None without `--cluster`. */
export function planNodes(config: PlanSettings): NodePlan[] {
  const count = config.nodes ?? 0
  const share = Math.max(1, Math.floor(availableParallelism() / Math.max(1, count)))
  return Array.from({ length: count }, (_, index) => {
    const port = config.SFU_PORT + STEP * (index + 1)
    const firstPipe = config.SFU_PORT + PIPES_FROM + PIPES_EACH * index
    return {
      number: index + 1,
      name: `node-${index + 1}`,
      port,
      linkPort: port + 1,
      firstMediaPort: port + 2,
      workers: Math.min(MAX_WORKERS, config.SFU_WORKERS ?? share),
      pipes: { first: firstPipe, last: firstPipe + PIPES_EACH - 1 },
      dataDir: path.join(config.DATA_DIR, `node-${index + 1}`),
    }
  })
}

/** The highest port a plan of so many nodes takes after SFU_PORT. */
export const lastOffset = (nodes: number): number => PIPES_FROM + PIPES_EACH * nodes - 1

/**
 * What a node is told beyond what all processes are. Clients reach it through the address that leads to all; links and media between
 * nodes stay on the loopback.
 * @param mediaBind SFU_MEDIA_BIND: where the media of clients is bound
 */
export function nodeSettings(plan: NodePlan, mediaBind: string): Record<string, string> {
  return {
    NODE_NAME: plan.name,
    SFU_PORT: String(plan.port),
    SFU_BIND: '127.0.0.1',
    SFU_MEDIA_PORT: String(plan.firstMediaPort),
    SFU_MEDIA_BIND: mediaBind,
    SFU_WORKERS: String(plan.workers),
    SFU_LINK_BIND: '127.0.0.1',
    SFU_LINK_PORT: String(plan.linkPort),
    SFU_LINK_ADDRESS: `127.0.0.1:${plan.linkPort}`,
    SFU_PIPE_ADDRESS: '127.0.0.1',
    SFU_PIPE_PORTS: `${plan.pipes.first}-${plan.pipes.last}`,
    DATA_DIR: plan.dataDir,
  }
}
