/** As much of mediasoup's routers and pipe transports as pipes between nodes use, in memory. */
import { EventEmitter } from 'node:events'
import type { RoomRouter } from '../../src/media/worker/room-router.ts'
import type { PipeSignals } from '../../src/room/base/node-media.ts'

const KEY = Buffer.alloc(44, 7).toString('base64')
let count = 0

class FakeStream extends EventEmitter {
  readonly id = `stream ${++count}`
  readonly observer = new EventEmitter()
  readonly kind = 'video'
  paused: boolean
  closed = false
  constructor(paused = false) {
    super()
    this.paused = paused
  }
  async pause() {
    this.paused = true
    this.observer.emit('pause')
  }
  async resume() {
    this.paused = false
    this.observer.emit('resume')
  }
  async getStats() {
    return []
  }
  close() {
    if (this.closed) return
    this.closed = true
    this.observer.emit('close')
  }
}

/** A publisher's, or one made of what came by a pipe. */
export class FakeProducer extends FakeStream {
  rtpParameters = {}
  keyFrameRequestDelay: number | undefined
  wasBornPaused = false
}

export class FakeConsumer extends FakeStream {
  readonly rtpParameters = {
    codecs: [{ mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000, rtcpFeedback: [] }],
    headerExtensions: [],
    encodings: [{ ssrc: 1 }],
    rtcp: { cname: 'c' },
  }
}

export class FakePipeTransport {
  readonly observer = new EventEmitter()
  readonly tuple = { localAddress: '127.0.0.1', localPort: 40_000 + ++count }
  readonly srtpParameters = { cryptoSuite: 'AEAD_AES_256_GCM', keyBase64: KEY }
  readonly options: object
  readonly consumers: FakeConsumer[] = []
  readonly producers: FakeProducer[] = []
  /** While set, produce and consume wait for it. */
  gate: Promise<void> | undefined
  connectedTo: object | undefined
  closed = false
  constructor(options: object) {
    this.options = options
  }
  async connect(other: object) {
    if (this.connectedTo) throw new Error('connected twice')
    this.connectedTo = other
  }
  async consume() {
    await this.gate
    const consumer = new FakeConsumer()
    this.consumers.push(consumer)
    return consumer
  }
  async produce({ paused, keyFrameRequestDelay }: { paused: boolean; keyFrameRequestDelay?: number }) {
    await this.gate
    const producer = new FakeProducer(paused)
    producer.keyFrameRequestDelay = keyFrameRequestDelay
    producer.wasBornPaused = paused
    this.producers.push(producer)
    return producer
  }
  close() {
    if (this.closed) return
    this.closed = true
    for (const consumer of this.consumers) {
      consumer.close()
      consumer.emit('transportclose')
    }
    for (const producer of this.producers) producer.close()
    this.observer.emit('close')
  }
}

export function fakeRouter(id: string) {
  const transports: FakePipeTransport[] = []
  const state = { gate: undefined as Promise<void> | undefined }
  const router = {
    id,
    closed: false,
    createPipeTransport: async (options: object) => {
      const transport = new FakePipeTransport(options)
      transport.gate = state.gate
      transports.push(transport)
      return transport
    },
  }
  return { home: { router } as unknown as RoomRouter, transports, state }
}

/** What was said to other nodes, as JSON; `open` is answered by the test. */
export class RecordedSignals implements PipeSignals {
  readonly wants: Record<string, unknown>[] = []
  readonly states: Record<string, unknown>[] = []
  readonly opens: { node: string; request: Record<string, unknown>; answer: (answer: object) => void }[] = []
  open(node: string, request: object) {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.opens.push({ node, request: plain(request), answer: answer => resolve(plain(answer)) })
    return promise
  }
  want(node: string, message: object) {
    this.wants.push({ node, ...plain(message) })
  }
  state(node: string, message: object) {
    this.states.push({ node, ...plain(message) })
  }
}

export const plain = (message: object): Record<string, unknown> => JSON.parse(JSON.stringify(message))
export const PAIR_END = { address: '127.0.0.1', port: 50_000, key: KEY }
