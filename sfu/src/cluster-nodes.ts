import { type DrainReport, drainSchema } from '@diemcau/core/contracts/node-report.ts'
import {
  type DrainOrder,
  drainOrderSchema,
  type NodeFault,
  type NodeOfCluster,
  type NodeSeen,
  type NodesReport,
  nodeSeenSchema,
} from '@diemcau/core/contracts/nodes-report.ts'
import { AppError, codeOf } from '@diemcau/core/errors.ts'
import type { z } from 'zod'
import type { NodeDrain } from './node-drain.ts'
import type { Log } from './room/base/log.ts'
import type { Rooms } from './rooms-alone.ts'

/** What nodes ask one another about themselves, over their links. */
const REPORT = 'NodeReport'
const DRAIN = 'NodeDrain'
/** How long another node may take to answer, ms. Its own report takes a second at most. */
const REPORT_MS = 2_500
const DRAIN_MS = 5_000

export interface ClusterNodesOptions {
  rooms: Pick<Rooms, 'cluster' | 'others'>
  seen(): Promise<NodeSeen>
  drain: Pick<NodeDrain, 'begin' | 'end'>
  log: Log
}

/**
 * All nodes of the cluster by the word of each: whichever node is asked, through a balancer or not, asks the others over their links, which
 * only nodes with the cluster's secret have.
 */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions

  constructor(options: ClusterNodesOptions) {
    this.#options = options
    options.rooms.others?.answer((method, payload) => this.#answer(method, payload))
  }

  /** Takes `REPORT_MS` at most. */
  async report(): Promise<NodesReport> {
    const { rooms, seen } = this.#options
    const others = rooms.others?.list() ?? []
    const asked = others.map(other => this.#ask(other))
    const own = await seen()
    const { instance = '', address = '' } = own.report.cluster ?? {}
    return {
      nodes: [{ incarnation: instance, address, seen: own, fault: null }, ...(await Promise.all(asked))],
    }
  }

  /**
   * Begins a drain of that node or takes it back; answered as NodeDrain does.
   * @throws AppError('not_found'): there is no such node; ('unavailable'): it does not answer, and may have done it; those of NodeDrain
   */
  async drain(incarnation: string, order: DrainOrder): Promise<DrainReport> {
    const { rooms } = this.#options
    const cluster = rooms.cluster()
    if (incarnation === (cluster?.instance ?? '')) return this.#drainHere(order)
    if (!rooms.others?.list().some(other => other.incarnation === incarnation))
      throw new AppError('not_found', 'there is no such node')
    const answer = await rooms.others.ask(incarnation, DRAIN, encoded(order), DRAIN_MS)
    return decoded(drainSchema, answer)
  }

  async #ask({
    incarnation,
    address,
    isUp,
  }: {
    incarnation: string
    address: string
    isUp: boolean
  }): Promise<NodeOfCluster> {
    const without = (fault: NodeFault) => ({ incarnation, address, seen: null, fault })
    const { rooms, log } = this.#options
    if (!rooms.others || !isUp) return without('no_link')
    try {
      const answer = await rooms.others.ask(incarnation, REPORT, new Uint8Array(), REPORT_MS)
      return { incarnation, address, seen: decoded(nodeSeenSchema, answer), fault: null }
    } catch (error) {
      log.debug({ err: error, node: incarnation }, 'a node does not say how it is')
      const code = codeOf(error)
      return without(code === 'unimplemented' || code === 'malformed' ? 'other_version' : 'no_answer')
    }
  }

  #answer(method: string, payload: Uint8Array): Promise<Uint8Array> | undefined {
    if (method === REPORT) return this.#options.seen().then(encoded)
    if (method === DRAIN)
      return Promise.resolve().then(() => encoded(this.#drainHere(decoded(drainOrderSchema, payload))))
    return undefined
  }

  #drainHere({ isWanted, by }: DrainOrder): DrainReport {
    const { drain, log } = this.#options
    log.info({ by }, isWanted ? 'a drain is asked for' : 'the end of a drain is asked for')
    return isWanted ? drain.begin() : drain.end()
  }
}

const encoded = (value: object): Uint8Array => Buffer.from(JSON.stringify(value))

/** @throws AppError('malformed') */
function decoded<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch (cause) {
    throw new AppError('malformed', 'what another node says of itself cannot be read', { cause })
  }
}
