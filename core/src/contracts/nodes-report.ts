import { z } from 'zod'
import { nodeReportSchema } from './node-report.ts'

/** What any media server says of all nodes of its cluster: `GET /admin/nodes`. Times are milliseconds unless named otherwise, sizes bytes. */

/** How far apart a node's samples of its load are, and how many it keeps: an hour. */
export const LOAD_SAMPLE_MS = 15_000
export const LOAD_SAMPLES_KEPT = 240

const amount = z.number().nonnegative()

const loadSampleSchema = z.object({
  /** When it was taken; all else is of the time since the sample before. */
  atMs: z.number(),
  /** Processor time of the node's own process, as part of a core. */
  cpu: amount,
  /** The same of each worker, in the report's order; null: it did not answer, or had just been started. */
  workers: z.array(z.object({ index: amount, cpu: amount.nullable() })),
  eventLoopP99Ms: amount,
  people: amount,
  /** Media to and from other nodes, bytes a second. */
  pipesSent: amount,
  pipesReceived: amount,
})
export type LoadSample = z.infer<typeof loadSampleSchema>

/** A node by its own word. `loads`: the oldest first; it is kept by the node in memory and begins anew with its process. */
export const nodeSeenSchema = z.object({ report: nodeReportSchema, loads: z.array(loadSampleSchema) })
export type NodeSeen = z.infer<typeof nodeSeenSchema>

/**
 * Why there is no word of a node. `no_link`: the node that was asked is not linked to it. `no_answer`: it did not say anything in time, or could
 * not. `other_version`: it does not know the question, or answers it in another way.
 */
const nodeFaultSchema = z.enum(['no_link', 'no_answer', 'other_version'])
export type NodeFault = z.infer<typeof nodeFaultSchema>

const nodeOfClusterSchema = z.object({
  /** '' of a node that is alone, or is just joining the cluster. */
  incarnation: z.string(),
  /** Where its links are, host:port; '' when that is not known, or it has none. */
  address: z.string(),
  seen: nodeSeenSchema.nullable(),
  /** Null where `seen` is there. */
  fault: nodeFaultSchema.nullable(),
})
export type NodeOfCluster = z.infer<typeof nodeOfClusterSchema>

/** The node that was asked comes first. One that was buried is no part of the cluster and is not among them. */
export const nodesReportSchema = z.object({ nodes: z.array(nodeOfClusterSchema) })
export type NodesReport = z.infer<typeof nodesReportSchema>

/** What one node asks another to do about its drain; `by` is for the log. */
export const drainOrderSchema = z.object({ isWanted: z.boolean(), by: z.string() })
export type DrainOrder = z.infer<typeof drainOrderSchema>

/** What the portal shows of it. */
export interface NodesView {
  atMs: number
  /** `name`: its own, or the last one it said; '' when it never did. */
  nodes: (NodeOfCluster & { name: string })[]
  /** Of meetings, by the name of their room. */
  titles: Record<string, string>
}
