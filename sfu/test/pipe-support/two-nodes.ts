/** Two media nodes of one process, each with its own workers and ports, and a link in memory between a room's two halves. */
import { newRoomId, type TrackId } from '@diemcau/core/ids.ts'
import { observer } from 'mediasoup'
import type { PipeTransport, Producer, Transport, WebRtcTransport } from 'mediasoup/types'
import pino from 'pino'
import type { LandedTrack } from '../../src/media/link/landed-track.ts'
import type { RoomNodeMedia } from '../../src/media/link/node-media.ts'
import type { PipeSignals } from '../../src/room/base/node-media.ts'
import type { MediaNode, RoomMedia } from '../../src/room/base/ports.ts'
import { quietMediaNode } from '../quiet-media-node.ts'

const PIPE_PORTS = { a: 41_000, b: 41_100 } as const
const PIPE_PORT_COUNT = 100
const MEDIA_PORTS = { a: 21_240, b: 21_250 } as const
const MEDIA_PORT_COUNT = 10
type Name = 'a' | 'b'

/** Every transport mediasoup has open. */
const transports = new Set<Transport>()
observer.on('newworker', worker =>
  worker.observer.on('newrouter', router =>
    router.observer.on('newtransport', transport => {
      transports.add(transport)
      transport.observer.once('close', () => transports.delete(transport))
      transport.observer.on('newproducer', producer => {
        if (pairEnds('b').some(end => end === transport)) newestLanded = producer
      })
      transport.observer.on('newconsumer', ({ paused }) => {
        const isBetweenNodes = pairEnds('a').some(end => end === transport)
        if (isBetweenNodes) pipedConsumersBegan.push({ paused })
      })
    }),
  ),
)

/** Whether each consumer of a pair that was ever made began paused. */
export const pipedConsumersBegan: { paused: boolean }[] = []

/** The newest producer made of what came from the other node. */
export let newestLanded: Producer | undefined

/** The open ends of pairs between nodes on one of them; pipes within a node listen elsewhere. */
export const pairEnds = (name: Name): PipeTransport[] =>
  [...transports]
    .filter((transport): transport is PipeTransport => transport.type === 'pipe')
    .filter(({ tuple }) => isFrom(tuple.localPort, PIPE_PORTS[name], PIPE_PORT_COUNT))

/** What clients have sent to a node over WebRTC, bytes. */
export async function receivedFromClients(name: Name): Promise<number> {
  const clients = [...transports]
    .filter((transport): transport is WebRtcTransport => transport.type === 'webrtc')
    .filter(({ iceSelectedTuple: tuple }) =>
      isFrom(tuple?.localPort ?? 0, MEDIA_PORTS[name], MEDIA_PORT_COUNT),
    )
  const stats = (await Promise.all(clients.map(client => client.getStats()))).flat()
  return stats.reduce((sum, { rtpBytesReceived }) => sum + rtpBytesReceived, 0)
}

const isFrom = (port: number, first: number, count: number) => port >= first && port < first + count

export class TwoNodes {
  readonly a: MediaNode
  readonly b: MediaNode
  private constructor(a: MediaNode, b: MediaNode) {
    this.a = a
    this.b = b
  }

  static async start(workerCount = 2): Promise<TwoNodes> {
    const start = (name: Name) =>
      quietMediaNode(MEDIA_PORTS[name], workerCount, {
        pipes: {
          address: '127.0.0.1',
          firstPort: PIPE_PORTS[name],
          lastPort: PIPE_PORTS[name] + PIPE_PORT_COUNT - 1,
        },
        logger: pino({ level: process.env.LOG_LEVEL ?? 'fatal' }),
      })
    return new TwoNodes(await start('a'), await start('b'))
  }

  openRoom(): TwoHalves {
    return new TwoHalves(this)
  }

  async stop(): Promise<void> {
    await Promise.all([this.a.close('node_stopping'), this.b.close('node_stopping')])
  }
}

interface Said {
  kind: 'open' | 'want' | 'state'
  from: Name
  message: Record<string, unknown>
}

/** One room on both nodes. What they say goes as JSON, in order, one turn of the loop later. */
export class TwoHalves {
  readonly a: RoomMedia
  readonly b: RoomMedia
  readonly media: { a: RoomNodeMedia; b: RoomNodeMedia }
  /** What `a` asks of its publishers, newest last. */
  readonly demands: { trackId: TrackId; mimeType: string; maxSpatialLayer: number }[] = []
  readonly said: Said[] = []
  /** While set, answers to `open` wait for it. */
  answerGate: Promise<void> | undefined
  /** Changes where the end of a pair seems to be: as told by `b` in a request, by `a` in an answer. */
  rewriteEnd: ((from: Name, end: { port: number }) => void) | undefined
  /** Requests that the home has answered, whether the answer has arrived or not. */
  answered = 0
  onAnswer: (answer: Record<string, unknown>) => void = () => {}

  constructor(nodes: TwoNodes) {
    const roomId = newRoomId()
    this.a = nodes.a.openRoom(roomId, {
      onSpeakers: () => {},
      hasFloor: () => false,
      onDemandChanged: (_publisher, trackId, demand) =>
        this.demands.push(...demand.map(entry => ({ trackId, ...entry }))),
    })
    this.b = nodes.b.openRoom(roomId, {
      onSpeakers: () => {},
      hasFloor: () => false,
      onDemandChanged: () => {},
    })
    this.media = {
      a: this.a.connectNodes(this.#signals('a'), () => true) as RoomNodeMedia,
      b: this.b.connectNodes(this.#signals('b'), () => true) as RoomNodeMedia,
    }
  }

  /** Shows a track that is published on `a` on `b`, as the room does when it is told of it. */
  show(trackId: TrackId): LandedTrack {
    return this.media.b.addRemote('a', this.media.a.factsOf(trackId)) as LandedTrack
  }

  count(kind: Said['kind']): number {
    return this.said.filter(said => said.kind === kind).length
  }

  #signals(from: Name): PipeSignals {
    const other = () => this.media[from === 'a' ? 'b' : 'a']
    const note = (kind: Said['kind'], message: object) => {
      const copy = JSON.parse(JSON.stringify(message))
      this.said.push({ kind, from, message: copy })
      return copy
    }
    const turn = () => new Promise<void>(resolve => setImmediate(resolve))
    return {
      open: async (_node, request) => {
        const asked = note('open', request)
        if (asked.pair.end) this.rewriteEnd?.(from, asked.pair.end)
        await turn()
        const answer = JSON.parse(JSON.stringify(await other().handleOpen(from, asked)))
        this.answered += 1
        await this.answerGate
        await turn()
        if (answer.end) this.rewriteEnd?.(from === 'a' ? 'b' : 'a', answer.end)
        this.onAnswer(answer)
        return answer
      },
      want: (_node, message) => {
        const copy = note('want', message)
        void turn().then(() => other().handleWant(from, copy))
      },
      state: (_node, message) => {
        const copy = note('state', message)
        void turn().then(() => other().handleState(from, copy))
      },
    }
  }
}
