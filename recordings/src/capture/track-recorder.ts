import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { nowMs } from './clock.ts'
import type { SegmentNames } from './segment-names.ts'
import { type StreamDescription, TrackPipeline } from './track-pipeline.ts'

/** Key frames of many publishers come at the same moment; the kernel may grant less than this. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
const TICK_MS = 250

/**
 * Receives the RTP of one track on a UDP port of its own. Order: `create` binds the port, the SFU is told to send
 * there (paused), `start` is given what will come, and only then the SFU is asked to let it flow.
 */
export class TrackRecorder {
  readonly trackId: string
  readonly port: number
  readonly #socket: Socket
  readonly #folder: string
  readonly #names: SegmentNames
  #pipeline: TrackPipeline | null = null
  #timer: NodeJS.Timeout | null = null
  #closed: Promise<void> | null = null

  private constructor(trackId: string, socket: Socket, folder: string, names: SegmentNames) {
    this.trackId = trackId
    this.port = socket.address().port
    this.#socket = socket
    this.#folder = folder
    this.#names = names
  }

  /** Files go to `folder`, which is created and may hold those of an earlier run. */
  static async create(options: {
    trackId: string
    address: string
    folder: string
    names: SegmentNames
  }): Promise<TrackRecorder> {
    mkdirSync(options.folder, { recursive: true })
    const socket = createSocket({
      type: options.address.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
    })
    socket.bind(0, options.address)
    await once(socket, 'listening')
    return new TrackRecorder(options.trackId, socket, options.folder, options.names)
  }

  start(
    stream: StreamDescription,
    listener: { onKeyFrameWanted: () => void; onError: (error: Error) => void },
  ): void {
    if (this.#closed || this.#pipeline) return
    const pipeline = new TrackPipeline({
      stream,
      nextPath: () => this.#names.path(this.#folder),
      onKeyFrameWanted: listener.onKeyFrameWanted,
      onError: listener.onError,
    })
    this.#pipeline = pipeline
    this.#socket.on('message', datagram => pipeline.handleDatagram(datagram, nowMs()))
    this.#socket.on('error', listener.onError)
    this.#timer = setInterval(() => pipeline.tick(nowMs()), TICK_MS)
  }

  /** See TrackPipeline. */
  retire(): void {
    this.#pipeline?.retire()
  }

  /** Resolves when all that arrived is on the disk. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#socket.removeAllListeners('message')
    this.#socket.close()
    await this.#pipeline?.close()
  }
}
