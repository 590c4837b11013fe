import { z } from 'zod'

/**
 * What a media server says of itself to whoever runs it: `GET /admin/node` answers it as JSON, `/metrics` shows its figures. Times are
 * milliseconds unless named otherwise, sizes bytes. Counts that only grow begin anew with the process. It holds names of rooms and of no person.
 */

/** Rooms beyond this many, those with the fewest people, are counted and not named. */
export const MOST_ROOMS_REPORTED = 200

const count = z.number().nonnegative()

const workerSchema = z.object({
  index: count,
  pid: count,
  /** Connections placed on it. */
  peers: count,
  /** What it uses of a core, smoothed, with an estimate for those who have just come. */
  load: count,
  /** Processor time since it was started; null: it did not answer in time. */
  cpuMs: count.nullable(),
  /** The most memory it has had; null: it did not answer in time. */
  peakMemoryBytes: count.nullable(),
})

const roomSchema = z.object({
  name: z.string(),
  /** Connected to this node, those that are not shown left out. */
  people: count,
  /** Of all connected to this node, those who send something. */
  publishers: count,
  /** Recordings that are captured here. */
  recorders: count,
  /** Other nodes that share it. */
  nodes: count,
  /** Tracks carried between the workers of this node, and those that have landed from other nodes. */
  pipes: count,
})

const pipesSchema = z.object({
  /** The other node: where its links are, or its incarnation. */
  node: z.string(),
  /** Pairs of ports that carry tracks between the two. */
  open: count,
  sentBytes: count,
  receivedBytes: count,
})

const voicesSchema = z.object({
  /** Microphones published in its rooms, on whichever node, and those of them that people here hear. */
  microphones: count,
  heard: count,
  /** Sound on its way to people, each to each; and that of microphones that are not heard, which is kept back. */
  running: count,
  held: count,
  /** How often a microphone began to be heard or ended. */
  changes: count,
})

const linkSchema = z.object({
  /** Where its links are, or its incarnation. */
  node: z.string(),
  incarnation: z.string(),
  isUp: z.boolean(),
  roundTripMs: count.nullable(),
  /** Reliable messages that it has not acknowledged, and lossy ones that have not left. */
  waitingBytes: count,
  sentBytes: count,
  receivedBytes: count,
  /** How often it was lost after it had stood. */
  breaks: count,
})

const clusterSchema = z.object({
  /** '' while it is not one of the nodes, having been taken for dead. */
  instance: z.string(),
  /** Where the links of this node are, host:port; '' as above. */
  address: z.string(),
  reachesRecord: z.boolean(),
  isCutOff: z.boolean(),
  links: z.array(linkSchema),
  /** Claims on identities that this node holds, and those kept for people on their way. */
  claims: count,
  reservedSeats: count,
  /** What is to be told to the shared record and is not there yet; and what could not be told. */
  storyWaiting: count,
  storyLost: count,
  /** Newcomers that came to this node, by why they were placed where, and whether that is `here` or `elsewhere`. */
  placements: z.array(z.object({ why: z.string(), where: z.string(), count })),
})

/**
 * `none`: newcomers are taken. `going`: people are led to other nodes. `done`: nobody is left, or those who are did not go within a minute; newcomers
 * go to other nodes.
 */
export const drainSchema = z.object({
  state: z.enum(['none', 'going', 'done']),
  /** Connections of people at this node, and recordings that are captured here. */
  left: count,
  /** Why it cannot be begun now; null: it can, or has been. */
  refusal: z.string().nullable(),
})
export type DrainReport = z.infer<typeof drainSchema>

export const nodeReportSchema = z.object({
  /** NODE_NAME. */
  name: z.string(),
  /** Of the program. */
  version: z.string(),
  startedAtMs: z.number(),
  /** Why newcomers had better go elsewhere; null: they are welcome. */
  notReady: z.string().nullable(),
  drain: drainSchema,
  /** Why newcomers are refused now, and those whose seats are kept; null: they are let in. How often that was so since the start. */
  admission: z.object({
    ordinary: z.string().nullable(),
    kept: z.string().nullable(),
    refusals: z.array(z.object({ why: z.string(), seat: z.string(), count })),
  }),
  cpuMs: count,
  memoryBytes: count,
  eventLoopP99Ms: count,
  people: count,
  roomCount: count,
  rooms: z.array(roomSchema),
  /** Recordings that are captured here, and tracks carried between workers and from other nodes, of all rooms. */
  recorders: count,
  carriedTracks: count,
  workers: z.array(workerSchema),
  /** As many as there should be. */
  wantedWorkers: count,
  /** How many connections were placed on a worker why (`room`, `new_room`, `next`, `least`, `spread`) since the start. */
  placements: z.record(z.string(), count),
  /** How many of each kind the workers have open together: routers, transports, producers, consumers. */
  mediaOpen: z.record(z.string(), count),
  pipes: z.array(pipesSchema),
  voices: voicesSchema,
  /** For media between nodes; null: this node is alone. */
  pipePorts: z.object({ all: count, used: count }).nullable(),
  /** What waits for clients: signalling of those whose link is lost, reliable data of those whose channel is not open. */
  waiting: z.object({ signalBytes: count, dataBytes: count }),
  webhooks: z.object({ pending: count, aside: count }),
  cluster: clusterSchema.nullable(),
})
export type NodeReport = z.infer<typeof nodeReportSchema>
export type LinkReport = z.infer<typeof linkSchema>
export type ClusterReport = z.infer<typeof clusterSchema>
export type RoomReport = z.infer<typeof roomSchema>
