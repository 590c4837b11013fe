import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CaptureCommand,
  type CapturedTrack,
  type CaptureEvent,
  captureCommand,
} from '@diemcau/core/contracts/capture.ts'
import { jwtVerify } from 'jose'
import { type WebSocket, WebSocketServer } from 'ws'

const ORIENTATION_ID = 8

interface FakeTrack {
  track: CapturedTrack
  payloadType: number
  ssrc: number
  clockRate: number
  ingest: Socket
}

interface Consumer {
  address: string
  port: number
  isResumed: boolean
}

/**
 * The SFU's side of the capture contract without mediasoup: publishers send plain RTP to a port of each track, and it is
 * passed on to the recorders that consume and have resumed it. Packets before `resume` are dropped, as by a real one.
 */
export class FakeSfu {
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #captures = new Map<WebSocket, Map<string, Consumer>>()
  readonly #tracks = new Map<string, FakeTrack>()
  readonly #secret: string
  readonly #outlet = createSocket('udp4')
  /** False: the room does not exist, captures are answered 404. */
  isRoomOpen = true
  roomName = 'MT_fake'
  /** How telephones are held: quarters of a turn, sent with each packet of video; null: nothing is said of it. */
  quarters: number | null = null
  resumes: string[] = []
  attachments = 0
  /** How often somebody wanted to attach. */
  tries = 0
  /** How often a track was asked for, and how many of the next times it cannot be had. */
  consumes = 0
  refusals = 0

  private constructor(secret: string) {
    this.#secret = secret
    this.#server = createServer((_, response) => response.writeHead(404).end())
    this.#server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => undefined)
      void this.#admit(request).then(status => {
        if (status !== 101) return socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\n\r\n`)
        this.#sockets.handleUpgrade(request, socket, head, client => this.#accept(client))
      })
    })
  }

  static async create(options: { secret: string; port?: number }): Promise<FakeSfu> {
    const sfu = new FakeSfu(options.secret)
    sfu.#server.listen(options.port ?? 0, '127.0.0.1')
    await once(sfu.#server, 'listening')
    return sfu
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Recorders attached now. */
  get recorders(): number {
    return this.#captures.size
  }

  /** Returns the port to which the publisher sends RTP. */
  async publish(track: CapturedTrack, stream: { payloadType: number; clockRate: number }): Promise<number> {
    const ingest = createSocket('udp4')
    ingest.bind(0, '127.0.0.1')
    await once(ingest, 'listening')
    const ssrc = 1000 + this.#tracks.size
    this.#tracks.set(track.trackId, { track, ssrc, ingest, ...stream })
    ingest.on('message', packet => {
      // As a real SFU, it sends with the SSRC it has announced.
      packet.writeUInt32BE(ssrc, 8)
      const sent = track.kind === 'video' ? this.#turned(packet) : packet
      for (const consumers of this.#captures.values()) {
        const consumer = consumers.get(track.trackId)
        if (consumer?.isResumed) this.#outlet.send(sent, consumer.port, consumer.address)
      }
    })
    this.broadcast({ type: 'track_published', at: Date.now(), track })
    return ingest.address().port
  }

  unpublish(trackId: string): void {
    this.#tracks.get(trackId)?.ingest.close()
    this.#tracks.delete(trackId)
    this.broadcast({ type: 'track_unpublished', at: Date.now(), trackId, reason: 'unpublished' })
  }

  /** Nothing of the track comes any more, although it is published. */
  lose(trackId: string): void {
    for (const [socket, consumers] of this.#captures) {
      const consumer = consumers.get(trackId)
      if (!consumer) continue
      consumers.delete(trackId)
      const event: CaptureEvent = {
        type: 'consume_failed',
        trackId,
        port: consumer.port,
        reason: 'worker_died',
      }
      socket.send(JSON.stringify(event))
    }
  }

  speak(...participantIds: string[]): void {
    this.broadcast({ type: 'speakers', at: Date.now(), participantIds })
  }

  broadcast(event: CaptureEvent): void {
    for (const socket of this.#captures.keys()) socket.send(JSON.stringify(event))
  }

  /** As when the node is killed: sockets break, nothing is said. */
  dropCaptures(): void {
    for (const socket of this.#captures.keys()) socket.terminate()
  }

  closeRoom(): void {
    this.isRoomOpen = false
    this.broadcast({ type: 'closed', at: Date.now(), reason: 'deleted' })
    for (const socket of this.#captures.keys()) socket.close()
  }

  async close(): Promise<void> {
    this.dropCaptures()
    for (const { ingest } of this.#tracks.values()) ingest.close()
    this.#outlet.close()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #admit(request: IncomingMessage): Promise<number> {
    this.tries += 1
    const url = new URL(request.url ?? '/', 'http://x')
    if (url.pathname !== '/internal/capture') return 404
    try {
      const token = url.searchParams.get('access_token') ?? ''
      const { payload } = await jwtVerify(token, new TextEncoder().encode(this.#secret))
      const video = payload.video as { room?: string; roomRecord?: boolean }
      if (!video.roomRecord || video.room !== this.roomName) return 403
    } catch {
      return 401
    }
    return this.isRoomOpen ? 101 : 404
  }

  #accept(socket: WebSocket): void {
    this.attachments += 1
    this.#captures.set(socket, new Map())
    socket.on('close', () => this.#captures.delete(socket))
    socket.on('message', data => this.#handle(socket, captureCommand.parse(JSON.parse(String(data)))))
    const tracks = [...this.#tracks.values()].map(({ track }) => track)
    const joined: CaptureEvent = {
      type: 'joined',
      roomName: this.roomName,
      roomId: 'RM_fake',
      at: Date.now(),
      tracks,
    }
    socket.send(JSON.stringify(joined))
  }

  /** The packet with the header extension of the video orientation in the one-byte form (RFC 8285 §4.2). */
  #turned(packet: Buffer): Buffer {
    if (this.quarters === null) return packet
    const head = Buffer.from(packet.subarray(0, 12))
    head[0] = head[0]! | 0x10
    const extension = Buffer.from([0xbe, 0xde, 0, 1, ORIENTATION_ID << 4, this.quarters, 0, 0])
    return Buffer.concat([head, extension, packet.subarray(12)])
  }

  #handle(socket: WebSocket, command: CaptureCommand): void {
    const consumers = this.#captures.get(socket)!
    if (command.type === 'release') consumers.delete(command.trackId)
    if (command.type === 'resume') {
      this.resumes.push(command.trackId)
      const consumer = consumers.get(command.trackId)
      if (consumer) consumer.isResumed = true
    }
    if (command.type !== 'consume') return
    const found = this.#tracks.get(command.trackId)
    const { trackId, address, port } = command
    this.consumes += 1
    if (!found || this.refusals > 0) {
      this.refusals -= 1
      socket.send(JSON.stringify({ type: 'consume_failed', trackId, port, reason: 'track_not_found' }))
      return
    }
    consumers.set(trackId, { address, port, isResumed: false })
    const answer: CaptureEvent = {
      type: 'consuming',
      trackId,
      port,
      payloadType: found.payloadType,
      ssrc: found.ssrc,
      mimeType: found.track.mimeType,
      clockRate: found.clockRate,
      ...(found.track.kind === 'audio' ? { channels: 2 } : {}),
      fmtp: '',
      ...(found.track.kind === 'video' ? { videoOrientationId: ORIENTATION_ID } : {}),
    }
    socket.send(JSON.stringify(answer))
  }
}
