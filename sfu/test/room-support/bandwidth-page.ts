/// <reference lib="dom" />
/**
 * Browser side of the bandwidth tests: a camera whose picture costs what its encoder is allowed to spend (a drawing
 * of flat colours costs nothing and would never fill a link), and what the receiver says of sound and picture.
 */
import {
  LocalVideoTrack,
  type RemoteTrackPublication,
  type Room,
  RoomEvent,
  Track,
  type VideoCodec,
  VideoPreset,
} from 'livekit-client'

export interface NoiseOptions {
  source?: 'camera' | 'screen_share'
  codec?: VideoCodec
  width: number
  height: number
  fps: number
  /** Of the highest layer, bit/s. */
  bitrate: number
  /** Lower layers, low first; none: a single stream. */
  lower?: { width: number; height: number; bitrate: number }[]
}

/** Counters of one received track since it began; differences between two calls are what a test judges. */
export interface FlowSample {
  /** performance.now() of the page, ms. */
  at: number
  streamState: string
  framesDecoded: number
  width: number
  height: number
  /** With RTP headers. */
  bytes: number
  packetsLost: number
  packetsReceived: number
  /** Sound only: samples played, those invented for missing packets, and of these the ones replaced by silence. */
  samples: number
  concealed: number
  silentConcealed: number
  freezes: number
  frozenSeconds: number
}

const STAT_NAMES = {
  framesDecoded: 'framesDecoded',
  width: 'frameWidth',
  height: 'frameHeight',
  packetsLost: 'packetsLost',
  packetsReceived: 'packetsReceived',
  samples: 'totalSamplesReceived',
  concealed: 'concealedSamples',
  silentConcealed: 'silentConcealedSamples',
  freezes: 'freezeCount',
  frozenSeconds: 'totalFreezesDuration',
} as const

export class PageBandwidth {
  /** TrackStreamStateChanged as the application sees it. */
  readonly streamStates: { at: number; source: string; identity: string; state: string }[] = []
  readonly #watched = new WeakSet<Room>()

  /** Call it after `connect`. */
  watch(): void {
    const room = this.#room()
    if (this.#watched.has(room)) return
    this.#watched.add(room)
    room.on(RoomEvent.TrackStreamStateChanged, (publication, state, participant) =>
      this.streamStates.push({
        at: performance.now(),
        source: publication.source,
        identity: participant.identity,
        state,
      }),
    )
  }

  async publishNoise(options: NoiseOptions): Promise<string> {
    const { source = 'camera', codec = 'vp8', width, height, fps, bitrate, lower = [] } = options
    const stream = noise(width, height, fps)
    const publication = await this.#room().localParticipant.publishTrack(
      new LocalVideoTrack(stream.getVideoTracks()[0] as MediaStreamTrack),
      {
        source: source === 'camera' ? Track.Source.Camera : Track.Source.ScreenShare,
        videoCodec: codec,
        simulcast: lower.length > 0,
        backupCodec: false,
        videoEncoding: { maxBitrate: bitrate, maxFramerate: fps },
        screenShareEncoding: { maxBitrate: bitrate, maxFramerate: fps },
        videoSimulcastLayers: lower.map(l => new VideoPreset(l.width, l.height, l.bitrate, fps)),
        screenShareSimulcastLayers: lower.map(l => new VideoPreset(l.width, l.height, l.bitrate, fps)),
      },
    )
    return publication.trackSid
  }

  async sample(identity: string, source: string): Promise<FlowSample | null> {
    const publication = this.#publication(identity, source)
    const track = publication?.track
    const report = await track?.getRTCStatsReport()
    if (!track || !report) return null
    const inbound = [...report.values()].find(stat => stat.type === 'inbound-rtp') ?? {}
    const numbers = Object.fromEntries(
      Object.entries(STAT_NAMES).map(([name, stat]) => [name, Number(inbound[stat] ?? 0)]),
    ) as Record<keyof typeof STAT_NAMES, number>
    return {
      ...numbers,
      at: performance.now(),
      streamState: track.streamState,
      bytes: Number(inbound.bytesReceived ?? 0) + Number(inbound.headerBytesReceived ?? 0),
    }
  }

  /** Tells the server in which size a camera is shown, as adaptive stream does. */
  showAs(identity: string, size: { width: number; height: number }): void {
    this.#publication(identity, Track.Source.Camera)?.setVideoDimensions(size)
  }

  /** What the sender of a local track puts on the wire, per layer. */
  async sent(sid: string): Promise<{ rid: string; frames: number; bytes: number; active: boolean }[]> {
    const track = this.#room().localParticipant.trackPublications.get(sid)?.track
    const report = await track?.getRTCStatsReport()
    return [...(report?.values() ?? [])]
      .filter(stat => stat.type === 'outbound-rtp')
      .map(stat => ({
        rid: String(stat.rid ?? ''),
        frames: Number(stat.framesEncoded ?? 0),
        bytes: Number(stat.bytesSent ?? 0),
        active: stat.active !== false,
      }))
  }

  #publication(identity: string, source: string): RemoteTrackPublication | undefined {
    const participant = this.#room().remoteParticipants.get(identity)
    return [...(participant?.trackPublications.values() ?? [])].find(p => p.source === source) as
      | RemoteTrackPublication
      | undefined
  }

  #room(): Room {
    const { room } = window.roomClient
    if (!room) throw new Error('not connected')
    return room
  }
}

/** Soft noise that jumps every frame: nothing can be predicted from the frame before, so an encoder spends what it may. */
function noise(width: number, height: number, fps: number): MediaStream {
  const grain = document.createElement('canvas')
  grain.width = width / 4
  grain.height = height / 4
  const paint = grain.getContext('2d') as CanvasRenderingContext2D
  const pixels = paint.createImageData(grain.width, grain.height)
  for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : 96 + Math.random() * 64
  paint.putImageData(pixels, 0, 0)
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  let frame = 0
  setInterval(() => {
    const x = Math.random() * width
    const y = Math.random() * height
    for (const [dx, dy] of [
      [0, 0],
      [width, 0],
      [0, height],
      [width, height],
    ] as const)
      context.drawImage(grain, x - dx, y - dy, width, height)
    context.fillStyle = `hsl(${frame++ % 360} 80% 50%)`
    context.fillRect((frame * 7) % width, height / 3, width / 5, height / 3)
  }, 1000 / fps)
  return canvas.captureStream(fps)
}

declare global {
  interface Window {
    bandwidth: PageBandwidth
  }
}
window.bandwidth = new PageBandwidth()
