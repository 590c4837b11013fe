import { readFileSync } from 'node:fs'
import type { Inspector } from './inspector.ts'

/** What is alive in the SFU at one moment, after a garbage collection. */
export interface Census {
  /** From `/metrics`: what mediasoup has open, rooms, participants. All zero when nobody is there. */
  open: Record<string, number>
  /** Request and notification handlers that the workers hold inside (`worker.dump()`); each object of theirs has one. */
  workerHandlers: number
  /** Instances by class name, of the classes in `WATCHED`. */
  instances: Record<string, number>
  /** Timers alive, running or referenced. */
  timers: number
  /** What those timers do and after how many milliseconds, with their number. */
  timerKinds: Record<string, number>
  /** Listeners on all event emitters together. */
  listeners: number
  /** The same by the emitters' class. */
  listenerKinds: Record<string, number>
  /** Timers and listeners without those that come and go by themselves (`PASSING`): as many as before anybody came. */
  lasting: { timers: number; listeners: number }
  /** Bytes. */
  heapUsed: number
  nodeRss: number
  workerRss: number[]
}

/** Our own classes with a lifetime, mediasoup's, and sockets. One of each that stays for every visit is a leak. */
const WATCHED = [
  'Room',
  'RoomTracks',
  'RoomBroadcast',
  'RoomCaptures',
  'RoomEvents',
  'Participant',
  'ParticipantMedia',
  'ParticipantToken',
  'ForwardedParticipant',
  'ForwardedParticipants',
  'Publications',
  'Publication',
  'Subscriptions',
  'SignalBacklog',
  'Dynacast',
  'ObserverUpdates',
  'QualityChanges',
  'TrackPermissions',
  'ChangeBudget',
  'ApiRpc',
  'RecorderView',
  'DataPlane',
  'DataRouter',
  'DataHistory',
  'DataTracks',
  'DataBlobs',
  'DataInlet',
  'DataOutlet',
  'SignalConnection',
  'MediasoupRoom',
  'RoomRouter',
  'TrackDirectory',
  'Pipes',
  'Peer',
  'PublisherConnection',
  'PublisherData',
  'SubscriberConnection',
  'SubscriberNegotiation',
  'SubscriberData',
  'OutgoingChannel',
  'CongestionControl',
  'Congestion',
  'UplinkControl',
  'UplinkLimit',
  'LossWatch',
  'AnswerWait',
  'CodecWaits',
  'CodecChoice',
  'SectionTable',
  'SerialQueue',
  'Subscription',
  'PublishedTrack',
  'Capture',
  'RouterImpl',
  'WebRtcTransportImpl',
  'PipeTransportImpl',
  'DirectTransportImpl',
  'PlainTransportImpl',
  'ProducerImpl',
  'ConsumerImpl',
  'DataProducerImpl',
  'DataConsumerImpl',
  'AudioLevelObserverImpl',
  'WebSocket',
]

/**
 * What Node has of its own for a while: sockets of HTTP kept alive, and what its HTTP client hangs on them; the time limit of a
 * request, the retry of a webhook, and the client's and the log's clocks. A socket that stays is looked for by all listeners.
 */
const PASSING = {
  listeners: new Set([
    'Socket',
    'Agent',
    'Client',
    'Pool',
    'ServerResponse',
    'IncomingMessage',
    'BodyReadable',
  ]),
  timers: /weakRef\.deref|lane\.cancelRetry|onStreamTimeout|onParserTimeout|onTick|resetCache/,
}

/** Runs inside the SFU process. */
const COUNT = `async objects => {
  const instances = {}
  let timers = 0
  const timerKinds = {}
  const listenerKinds = {}
  const workers = []
  for (const object of objects) {
    let name
    try {
      name = Object.getPrototypeOf(object)?.constructor?.name
      if (Object.hasOwn(object, '_events') && object._events !== undefined) {
        let count = 0
        for (const key of Reflect.ownKeys(object._events)) {
          const held = object._events[key]
          count += Array.isArray(held) ? held.length : held === undefined ? 0 : 1
        }
        if (count > 0) listenerKinds[name] = (listenerKinds[name] ?? 0) + count
      }
    } catch {
      continue
    }
    if (name === 'Timeout' && !object._destroyed && object._idleTimeout >= 0) {
      timers += 1
      const kind = object._idleTimeout + ' ms ' + String(object._onTimeout).replace(/\\s+/g, ' ').slice(0, 80)
      timerKinds[kind] = (timerKinds[kind] ?? 0) + 1
    }
    if (typeof name !== 'string') continue
    instances[name] = (instances[name] ?? 0) + 1
    if (name === 'WorkerImpl' && typeof object.dump === 'function' && object.closed === false) workers.push(object)
  }
  // The inspector breaks in anywhere, also while mediasoup is half-way through a message to a worker.
  await new Promise(setImmediate)
  const dumps = await Promise.all(workers.map(worker => worker.dump()))
  let workerHandlers = 0
  for (const { channelMessageHandlers: handlers } of dumps)
    workerHandlers += handlers.channelRequestHandlers.length + handlers.channelNotificationHandlers.length
  return { instances, timers, timerKinds, listenerKinds, workerHandlers, heapUsed: process.memoryUsage().heapUsed }
}`

export async function takeCensus(
  inspector: Inspector,
  sfu: { url: string; pid: number },
): Promise<Census & { allInstances: Record<string, number> }> {
  const open = await readOpen(sfu.url)
  await inspector.collectGarbage()
  const counted = await inspector.overAllObjects<{
    instances: Record<string, number>
    timers: number
    timerKinds: Record<string, number>
    listenerKinds: Record<string, number>
    workerHandlers: number
    heapUsed: number
  }>(COUNT)
  await inspector.collectGarbage()
  const total = (counts: Record<string, number>, isMeant: (kind: string) => boolean = () => true) =>
    Object.entries(counts).reduce((sum, [kind, count]) => sum + (isMeant(kind) ? count : 0), 0)
  return {
    open: open.counts,
    workerHandlers: counted.workerHandlers,
    instances: Object.fromEntries(WATCHED.map(name => [name, counted.instances[name] ?? 0])),
    allInstances: counted.instances,
    timers: counted.timers,
    timerKinds: counted.timerKinds,
    listeners: total(counted.listenerKinds),
    listenerKinds: counted.listenerKinds,
    lasting: {
      timers: total(counted.timerKinds, kind => !PASSING.timers.test(kind)),
      listeners: total(counted.listenerKinds, kind => !PASSING.listeners.has(kind)),
    },
    heapUsed: counted.heapUsed,
    nodeRss: rssOf(sfu.pid),
    workerRss: open.workerPids.map(rssOf),
  }
}

/** The figures of `/metrics` that must be zero when everybody has left, and the workers' process ids. */
export async function readOpen(
  url: string,
): Promise<{ counts: Record<string, number>; workerPids: number[] }> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const counts: Record<string, number> = {}
  for (const [, kind = '', value] of text.matchAll(/^diemcau_sfu_media_open\{kind="(\w+)"\} (\d+)/gm))
    counts[kind] = Number(value)
  for (const [, kind = '', value] of text.matchAll(/^diemcau_sfu_(rooms|participants) (\d+)/gm))
    counts[kind] = Number(value)
  if (Object.keys(counts).length < 5) throw new Error('the metrics lack the figures of the media')
  const pids = [...text.matchAll(/^diemcau_sfu_worker_peers\{worker="(\d+)",pid="(\d+)"\}/gm)]
  return {
    counts,
    workerPids: pids.sort(([, a], [, b]) => Number(a) - Number(b)).map(([, , pid]) => Number(pid)),
  }
}

/** Resident memory in bytes. */
function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}
