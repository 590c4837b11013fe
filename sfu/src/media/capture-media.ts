import { isIP } from 'node:net'
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { Consumer, PlainTransport, Router } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { CaptureLossReason, CaptureMedia, CaptureMediaListener } from '../room/base/ports.ts'
import { formatParameters } from '../sdp/local-transport.ts'
import type { Carrier, PublishedTrack, Reach, TrackCodec, TrackViewer } from './track/published-track.ts'
import type { TrackDirectory } from './track/track-directory.ts'
import { closedWith } from './worker/closed-with.ts'
import { SOCKET_BUFFER_BYTES } from './worker/pooled-worker.ts'
import type { RoomRouter } from './worker/room-router.ts'

/** Coordination of video orientation, 3GPP TS 26.114 §7.4.5. */
const VIDEO_ORIENTATION = 'urn:3gpp:video-orientation'

interface CapturedTrack {
  track: PublishedTrack
  codec: TrackCodec
  transport: PlainTransport
  consumer: Consumer
  reach: Reach
}

/** What a capture needs of its room's media. */
export interface CaptureRoom {
  directory: TrackDirectory
  carrier: Carrier
  /** A router for what none of the room's has yet: a track of another node that nobody here takes. */
  place(): Promise<RoomRouter>
}

/**
 * A recorder's hold on a room: one plain transport a track, made where the track is on this node (in its publisher's own
 * router, or where it landed from another node), so that no pipe is needed. Without congestion control mediasoup sends the
 * highest layer there is.
 */
export class Capture implements CaptureMedia, TrackViewer {
  readonly #room: CaptureRoom
  readonly #logger: Logger
  readonly #listener: CaptureMediaListener
  readonly #onClosed: (capture: Capture) => void
  readonly #captured = new Map<TrackId, CapturedTrack>()
  readonly #opening = new Set<TrackId>()
  #isClosed = false

  constructor(
    room: CaptureRoom,
    logger: Logger,
    listener: CaptureMediaListener,
    onClosed: (capture: Capture) => void,
  ) {
    this.#room = room
    this.#logger = logger
    this.#listener = listener
    this.#onClosed = onClosed
  }

  /** @throws AppError track_not_found, invalid_argument, already_exists */
  async consume(trackId: TrackId, address: string, port: number) {
    if (this.#isClosed) throw new AppError('closed', 'the capture is closed')
    if (isIP(address) === 0 || !Number.isInteger(port) || port < 1 || port > 65_535)
      throw new AppError('invalid_argument', 'capture needs an IP address and a port')
    if (this.#captured.has(trackId) || this.#opening.has(trackId))
      throw new AppError('already_exists', `${trackId} is captured already`)
    const track = this.#room.directory.get(trackId)
    const [codec] = track.codecs
    if (!codec) throw new AppError('track_not_found', 'the track is just ending, or its codec is changed')
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
    setWanted(captured, true)
    await captured.consumer.resume()
    if (captured.track.kind === 'video') await captured.consumer.requestKeyFrame()
  }

  async release(trackId: TrackId): Promise<void> {
    const captured = this.#captured.get(trackId)
    if (captured) this.#drop(captured)
  }

  #drop(captured: CapturedTrack): void {
    this.#captured.delete(captured.track.trackId)
    captured.track.setWanted(captured, undefined)
    if (![...this.#captured.values()].some(other => other.track === captured.track))
      captured.track.removeViewer(this)
    captured.transport.close()
    captured.reach.release()
  }

  codecEnded(track: PublishedTrack, codec: TrackCodec): void {
    const captured = this.#captured.get(track.trackId)
    if (captured?.codec === codec) this.#lose(captured, 'way_lost')
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
    const place = track.routerOf(codec) ?? (await this.#room.place())
    const { router } = place
    const reach = await track.reach(codec, place, this.#room.carrier)
    const transport = await this.#openTransport(router, address).catch(error => {
      reach.release()
      throw error
    })
    try {
      await transport.connect({ ip: address, port })
      const consuming = transport.consume({
        producerId: reach.producerId,
        // How a telephone is held comes with the picture. All other extensions are left out: without them there is no
        // feedback for congestion control, which is not wanted here.
        rtpCapabilities: {
          codecs: router.rtpCapabilities.codecs ?? [],
          headerExtensions: (router.rtpCapabilities.headerExtensions ?? []).filter(
            ({ uri }) => uri === VIDEO_ORIENTATION,
          ),
        },
        paused: true,
        enableRtx: false,
      })
      const consumer = closedWith(transport, await consuming)
      const isGone = this.#room.directory.find(track.trackId) !== track
      if (this.#isClosed || codec.producer.closed || isGone)
        throw new AppError('track_not_found', 'the track ended while it was captured')
      const captured = { track, codec, transport, consumer, reach }
      this.#captured.set(track.trackId, captured)
      track.addViewer(this)
      setWanted(captured, false)
      consumer.observer.once('close', () =>
        this.#lose(captured, transport.closed ? 'worker_died' : 'way_lost'),
      )
      this.#logger.info({ trackId: track.trackId, address, port }, 'capture opened')
      return captured
    } catch (error) {
      transport.close()
      reach.release()
      throw error
    }
  }

  /** It does not come any more, whatever became of the track. */
  #lose(captured: CapturedTrack, reason: CaptureLossReason): void {
    const { track } = captured
    if (this.#captured.get(track.trackId) !== captured) return
    this.#drop(captured)
    // What ended it may be about to end the track as well, or to bring the codec back: that is known when its step is over.
    setImmediate(() => {
      const isPublished = this.#room.directory.find(track.trackId) === track
      if (this.#isClosed || !isPublished || this.#captured.has(track.trackId)) return
      this.#logger.warn({ trackId: track.trackId, reason }, 'a captured track was lost')
      this.#listener.onLost(track.trackId, reason)
    })
  }

  async #openTransport(router: Router, address: string): Promise<PlainTransport> {
    const isLoopback = address.startsWith('127.') || address === '::1'
    const any = isIP(address) === 6 ? '::' : '0.0.0.0'
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
    return closedWith(router, await making)
  }
}

function setWanted(captured: CapturedTrack, isLive: boolean): void {
  const { track, codec } = captured
  track.setWanted(captured, {
    mimeType: codec.mimeType,
    maxSpatialLayer: codec.spatialLayers - 1,
    isLive,
  })
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
    videoOrientationId: consumer.rtpParameters.headerExtensions?.find(({ uri }) => uri === VIDEO_ORIENTATION)
      ?.id,
  }
}
