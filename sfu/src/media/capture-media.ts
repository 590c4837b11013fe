import { isIP } from 'node:net'
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { Consumer, PlainTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { CaptureMedia } from '../room/ports.ts'
import { formatParameters } from '../sdp/local-transport.ts'
import { closedWith } from './closed-with.ts'
import { SOCKET_BUFFER_BYTES } from './pooled-worker.ts'
import type { PublishedTrack, TrackCodec, TrackViewer } from './published-track.ts'
import type { TrackDirectory } from './track-directory.ts'

interface CapturedTrack {
  track: PublishedTrack
  codec: TrackCodec
  transport: PlainTransport
  consumer: Consumer
}

/**
 * A recorder's hold on a room: one plain transport a track, made in the publisher's own router, so that no pipe is
 * needed. Without congestion control mediasoup sends the highest layer there is.
 */
export class Capture implements CaptureMedia, TrackViewer {
  readonly #directory: TrackDirectory
  readonly #logger: Logger
  readonly #onClosed: (capture: Capture) => void
  readonly #captured = new Map<TrackId, CapturedTrack>()
  readonly #opening = new Set<TrackId>()
  #isClosed = false

  constructor(directory: TrackDirectory, logger: Logger, onClosed: (capture: Capture) => void) {
    this.#directory = directory
    this.#logger = logger
    this.#onClosed = onClosed
  }

  /** @throws AppError track_not_found, invalid_argument, already_exists */
  async consume(trackId: TrackId, address: string, port: number) {
    if (this.#isClosed) throw new AppError('closed', 'the capture is closed')
    if (isIP(address) === 0 || !Number.isInteger(port) || port < 1 || port > 65_535)
      throw new AppError('invalid_argument', 'capture needs an IP address and a port')
    if (this.#captured.has(trackId) || this.#opening.has(trackId))
      throw new AppError('already_exists', `${trackId} is captured already`)
    const track = this.#directory.get(trackId)
    const codec = track.codecs[0]!
    this.#opening.add(trackId)
    try {
      const captured = await this.#open(track, codec, address, port)
      return describe(captured.consumer)
    } finally {
      this.#opening.delete(trackId)
    }
  }

  async resume(trackId: TrackId): Promise<void> {
    const captured = this.#captured.get(trackId)
    if (!captured) throw new AppError('track_not_found', `${trackId} is not captured`)
    await captured.consumer.resume()
    if (captured.track.kind === 'video') await captured.consumer.requestKeyFrame()
  }

  async release(trackId: TrackId): Promise<void> {
    const captured = this.#captured.get(trackId)
    if (!captured) return
    this.#captured.delete(trackId)
    captured.track.setWanted(captured, undefined)
    if (![...this.#captured.values()].some(other => other.track === captured.track))
      captured.track.removeViewer(this)
    captured.transport.close()
  }

  codecEnded(track: PublishedTrack, codec: TrackCodec): void {
    if (this.#captured.get(track.trackId)?.codec === codec) void this.release(track.trackId)
  }

  /** What is captured goes on in its codec. */
  codecAdded(): void {}

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const trackId of [...this.#captured.keys()]) await this.release(trackId)
    this.#onClosed(this)
  }

  async #open(
    track: PublishedTrack,
    codec: TrackCodec,
    address: string,
    port: number,
  ): Promise<CapturedTrack> {
    const isLoopback = address.startsWith('127.') || address === '::1'
    const any = isIP(address) === 6 ? '::' : '0.0.0.0'
    const { router } = track.home
    const making = router.createPlainTransport({
      listenInfo: {
        protocol: 'udp',
        ip: isLoopback ? address : any,
        sendBufferSize: SOCKET_BUFFER_BYTES,
        recvBufferSize: SOCKET_BUFFER_BYTES,
      },
      rtcpMux: true,
      comedia: false,
    })
    const transport = closedWith(router, await making)
    try {
      await transport.connect({ ip: address, port })
      const consuming = transport.consume({
        producerId: codec.producer.id,
        // Without header extensions there is no feedback for congestion control, which is not wanted here.
        rtpCapabilities: { codecs: track.home.router.rtpCapabilities.codecs ?? [], headerExtensions: [] },
        paused: true,
        enableRtx: false,
      })
      const consumer = closedWith(transport, await consuming)
      if (this.#isClosed || codec.producer.closed || this.#directory.find(track.trackId) !== track)
        throw new AppError('track_not_found', 'the track ended while it was captured')
      const captured = { track, codec, transport, consumer }
      this.#captured.set(track.trackId, captured)
      track.addViewer(this)
      track.setWanted(captured, { mimeType: codec.mimeType, maxSpatialLayer: codec.spatialLayers - 1 })
      this.#logger.info({ trackId: track.trackId, address, port }, 'capture opened')
      return captured
    } catch (error) {
      transport.close()
      throw error
    }
  }
}

function describe(consumer: Consumer) {
  const codec = consumer.rtpParameters.codecs[0]!
  return {
    payloadType: codec.payloadType,
    ssrc: consumer.rtpParameters.encodings![0]!.ssrc!,
    mimeType: codec.mimeType,
    clockRate: codec.clockRate,
    channels: codec.channels,
    fmtp: formatParameters(codec.parameters ?? {}),
  }
}
