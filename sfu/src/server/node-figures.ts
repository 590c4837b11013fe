import type { ClusterReport, LinkReport, NodeReport } from '@diemcau/core/contracts/node-report.ts'
import { type Figure, figuresOf, inSeconds } from '@diemcau/core/metrics/figures.ts'

const { one, each, eventLoop } = figuresOf<NodeReport>('diemcau_sfu')

/** Of a node that is one of a cluster. */
const ofCluster = (
  name: string,
  help: string,
  read: (cluster: ClusterReport) => number,
): Figure<NodeReport> => one(name, help, ({ cluster }) => (cluster ? read(cluster) : undefined))

type Worker = NodeReport['workers'][number]
type Pipes = NodeReport['pipes'][number]
const workers = ({ workers: all }: NodeReport) => all
const pipes = ({ pipes: all }: NodeReport) => all
/** Of two incarnations at one address the one that lives comes last. */
const links = ({ cluster }: NodeReport) =>
  [...(cluster?.links ?? [])].sort((a, b) => Number(a.isUp) - Number(b.isUp))
const index = { worker: (worker: Worker) => worker.index }
const node = { node: (of: { node: string }) => of.node }

/** All of a node's own names on `/metrics` but what is counted as it happens (metrics.ts). docs/metrics.md has the table. */
export const nodeFigures: readonly Figure<NodeReport>[] = [
  one('ready', '1 while newcomers are welcome', ({ notReady }) => (notReady === null ? 1 : 0)),
  eventLoop,
  one('draining', '1 while this node is drained: newcomers go to other nodes', ({ drain }) =>
    Number(drain.state !== 'none'),
  ),
  one(
    'left_to_drain',
    'Connections and recordings that a drain leads to other nodes',
    ({ drain }) => drain.left,
  ),
  each(
    'gauge',
    ({ admission: { ordinary, kept } }) => Object.entries({ ordinary, kept }),
    { seat: ([seat]) => seat },
    'full',
    '1 while this node refuses newcomers, by whether their seats are kept',
    ([, why]) => Number(why !== null),
  ),
  each(
    'counter',
    ({ admission }) => admission.refusals,
    { why: ({ why }) => why, seat: ({ seat }) => seat },
    'refused_full_total',
    'Newcomers refused because this node was full, by why, and by whether their seats are kept',
    refusals => refusals.count,
  ),
  one('rooms', 'Open rooms', ({ roomCount }) => roomCount),
  one('participants', 'Participants in all rooms, connected to this node', ({ people }) => people),
  one('largest_room_participants', 'Participants here of the room that has most', ({ rooms }) =>
    Math.max(0, ...rooms.map(({ people }) => people)),
  ),
  one('recorders', 'Recordings captured at this node', ({ recorders }) => recorders),
  one('workers_wanted', 'Media workers there should be', ({ wantedWorkers }) => wantedWorkers),
  each(
    'gauge',
    workers,
    { ...index, pid: ({ pid }) => pid },
    'worker_peers',
    'Peers placed on each media worker',
    ({ peers }) => peers,
  ),
  each(
    'gauge',
    workers,
    index,
    'worker_load',
    'What each media worker uses of a core, smoothed, with an estimate for those who have just come',
    ({ load }) => load,
  ),
  each(
    'counter',
    ({ placements }) => Object.entries(placements),
    { why: ([why]) => why },
    'worker_placements_total',
    'Connections placed on a media worker, by why it was that one',
    ([, placed]) => placed,
  ),
  each(
    'counter',
    workers,
    index,
    'worker_cpu_seconds_total',
    'Processor time of each media worker since its start',
    ({ cpuMs }) => inSeconds(cpuMs),
  ),
  each(
    'gauge',
    workers,
    index,
    'worker_peak_memory_bytes',
    'The most memory each media worker has had',
    ({ peakMemoryBytes }) => peakMemoryBytes ?? undefined,
  ),
  each(
    'gauge',
    ({ mediaOpen }) => Object.entries(mediaOpen),
    { kind: ([kind]) => kind },
    'media_open',
    'Routers, transports, producers, consumers and the like that are open in the media workers',
    ([, open]) => open,
  ),
  one(
    'carried_tracks',
    'Tracks carried between the workers of this node, and those landed from other nodes',
    ({ carriedTracks }) => carriedTracks,
  ),
  each(
    'gauge',
    ({ voices: { microphones, heard } }) => [
      { state: 'heard', count: heard },
      { state: 'unheard', count: microphones - heard },
    ],
    { state: ({ state }) => state },
    'microphones',
    'Microphones in the rooms of this node, by whether people here hear them',
    ({ count }) => count,
  ),
  each(
    'gauge',
    ({ voices: { running, held } }) => [
      { state: 'running', count: running },
      { state: 'held', count: held },
    ],
    { state: ({ state }) => state },
    'sound_consumers',
    'Sound to each person here: on its way, or of a microphone that is not heard',
    ({ count }) => count,
  ),
  each(
    'counter',
    ({ voices }) => [voices],
    {},
    'voice_changes_total',
    'How often a microphone began to be heard here or ended',
    ({ changes }) => changes,
  ),
  each(
    'gauge',
    pipes,
    node,
    'pipe_pairs',
    'Pairs of ports that carry media between this node and another',
    (of: Pipes) => of.open,
  ),
  each(
    'counter',
    pipes,
    node,
    'pipe_sent_bytes_total',
    'Media sent to another node, as far as pairs were asked before they closed',
    (of: Pipes) => of.sentBytes,
  ),
  each(
    'counter',
    pipes,
    node,
    'pipe_received_bytes_total',
    'Media that came from another node, as far as pairs were asked before they closed',
    (of: Pipes) => of.receivedBytes,
  ),
  one('pipe_ports', 'Ports for media between nodes (SFU_PIPE_PORTS)', ({ pipePorts }) => pipePorts?.all),
  one('pipe_ports_left', 'Those of them that are free', ({ pipePorts: ports }) =>
    ports ? ports.all - ports.used : undefined,
  ),
  each('gauge', links, node, 'link_up', '1 while the link to another node stands', ({ isUp }: LinkReport) =>
    isUp ? 1 : 0,
  ),
  each(
    'gauge',
    links,
    node,
    'link_round_trip_seconds',
    'Round trip of the last ping to another node',
    ({ roundTripMs }: LinkReport) => inSeconds(roundTripMs),
  ),
  each(
    'gauge',
    links,
    node,
    'link_waiting_bytes',
    'What another node has not acknowledged, and lossy messages that have not left',
    ({ waitingBytes }: LinkReport) => waitingBytes,
  ),
  each(
    'counter',
    links,
    node,
    'link_sent_bytes_total',
    'Frames sent over the link to another node',
    ({ sentBytes }: LinkReport) => sentBytes,
  ),
  each(
    'counter',
    links,
    node,
    'link_received_bytes_total',
    'Frames that came over the link to another node',
    ({ receivedBytes }: LinkReport) => receivedBytes,
  ),
  each(
    'counter',
    links,
    node,
    'link_breaks_total',
    'How often the link to another node was lost after it had stood',
    ({ breaks }: LinkReport) => breaks,
  ),
  ofCluster(
    'in_cluster',
    '1 while this node is one of the cluster, 0 while one that was taken for dead begins anew',
    ({ instance }) => (instance === '' ? 0 : 1),
  ),
  ofCluster('record_reached', '1 while Redis answers: else nobody can join here', ({ reachesRecord }) =>
    Number(reachesRecord),
  ),
  ofCluster('cut_off', '1 while this node reaches neither Redis nor other nodes', ({ isCutOff }) =>
    Number(isCutOff),
  ),
  ofCluster('claims', 'Claims on identities that this node holds', ({ claims }) => claims),
  ofCluster(
    'reserved_seats',
    'Seats kept for people on their way to another room',
    ({ reservedSeats }) => reservedSeats,
  ),
  ofCluster(
    'story_waiting',
    'Events that are to be told to Redis and are not there yet',
    ({ storyWaiting }) => storyWaiting,
  ),
  ofCluster(
    'story_lost',
    'Events that could not be told since this node is in the cluster: an alarm',
    ({ storyLost }) => storyLost,
  ),
  each(
    'counter',
    ({ cluster }) => cluster?.placements ?? [],
    { why: ({ why }) => why, where: ({ where }) => where },
    'node_placements_total',
    'Newcomers that came to this node, by why they were placed where, and whether it serves them itself',
    placements => placements.count,
  ),
  one(
    'signal_waiting_bytes',
    'Signalling kept for clients whose link is lost',
    ({ waiting }) => waiting.signalBytes,
  ),
  one(
    'data_waiting_bytes',
    'Reliable data kept for clients whose channel is not open',
    ({ waiting }) => waiting.dataBytes,
  ),
  one('webhooks_pending', 'Webhook deliveries that wait', ({ webhooks }) => webhooks.pending),
  one(
    'webhooks_aside',
    'Webhooks put aside since the start, because the receiver refused them or stumbled over them: an alarm',
    ({ webhooks }) => webhooks.aside,
  ),
]
