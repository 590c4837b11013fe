/// <reference lib="dom" />
/**
 * Runs in the browser beside page.ts: publishing in every shape the stock client has, a look at what is really encoded
 * and decoded, a browser that lacks codecs, end-to-end encryption. `window.codecLab`; Node drives it by codec-lab.ts.
 */
import {
  type BackupVideoCodec,
  ExternalE2EEKeyProvider,
  LocalVideoTrack,
  RemoteTrackPublication,
  RoomEvent,
  type RoomOptions,
  type ScalabilityMode,
  Track,
  type TrackPublishOptions,
  type VideoCodec,
  VideoPreset,
} from 'livekit-client'

export interface PatternOptions {
  source?: 'camera' | 'screen_share'
  name?: string
  codec?: VideoCodec
  width?: number
  height?: number
  fps?: number
  maxBitrate?: number
  /** Divisors of the size for the lower simulcast layers, low first; [] for a single layer. */
  simulcast?: number[]
  /** Frame rate of the lower simulcast layers. */
  lowFps?: number
  scalabilityMode?: ScalabilityMode
  backupCodec?: boolean | BackupVideoCodec
  /** BackupCodecPolicy: 0 prefer regression, 1 simulcast, 2 regression. */
  backupCodecPolicy?: number
  contentHint?: string
  /** Left-hand colour of the picture, `hsl` degrees; the rest of it moves. */
  hue?: number
}

/** One stream a local track is encoded into. */
export interface EncodedStream {
  codec: string
  rid: string
  active: boolean
  framesEncoded: number
  width: number
  height: number
  scalabilityMode: string
  bytes: number
}

/** What a remote track is at this moment. */
export interface DecodedStream {
  identity: string
  sid: string
  source: string
  name: string
  codec: string
  framesDecoded: number
  framesReceived: number
  keyFramesDecoded: number
  width: number
  height: number
  bytes: number
  energy: number
  streamState: string
}

class CodecLab {
  readonly events: string[] = []
  #stops = new Map<string, () => void>()
  #tracks = new Map<string, { track: LocalVideoTrack; options: TrackPublishOptions }>()

  #room() {
    const { room } = window.roomClient
    if (!room) throw new Error('not connected')
    return room
  }

  /** From now on this browser answers as one that cannot decode these codecs ('vp9', 'av1', …). Call before connecting. */
  refuseCodecs(refused: string[]) {
    const isRefused = (codec: { mimeType: string }) =>
      refused.includes(codec.mimeType.toLowerCase().replace('video/', ''))
    const answer = RTCPeerConnection.prototype.createAnswer
    const accepted = (RTCRtpReceiver.getCapabilities('video')?.codecs ?? []).filter(c => !isRefused(c))
    RTCPeerConnection.prototype.createAnswer = async function (this: RTCPeerConnection) {
      for (const transceiver of this.getTransceivers())
        if (transceiver.receiver.track.kind === 'video' && transceiver.direction !== 'stopped')
          transceiver.setCodecPreferences(accepted)
      return await (answer as () => Promise<RTCSessionDescriptionInit>).call(this)
    } as typeof answer
  }

  /** As PageClient.connect, with the stock end-to-end encryption under a shared key. */
  async connectEncrypted(url: string, token: string, key: string, options: RoomOptions = {}) {
    const keyProvider = new ExternalE2EEKeyProvider()
    await keyProvider.setKey(key)
    const worker = new Worker('e2ee-worker.js')
    const isReady = window.roomClient.connect(url, token, { ...options, encryption: { keyProvider, worker } })
    const room = this.#room()
    room.on(RoomEvent.EncryptionError, error => this.events.push(`encryptionError ${error.message}`))
    room.on(RoomEvent.ParticipantEncryptionStatusChanged, (isEncrypted, participant) =>
      this.events.push(`encrypted ${participant?.identity}=${isEncrypted}`),
    )
    await room.setE2EEEnabled(true)
    await isReady
  }

  /** A moving picture; resolves with the sid of its track. */
  async publishPattern(options: PatternOptions): Promise<string> {
    const { width = 640, height = 360, fps = 15, hue = 0, source = 'camera', codec = 'vp8' } = options
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d') as CanvasRenderingContext2D
    let frame = 0
    const timer = window.setInterval(() => {
      context.fillStyle = `hsl(${hue} 90% 50%)`
      context.fillRect(0, 0, width, height)
      context.fillStyle = `hsl(${(frame * 5) % 360} 60% 60%)`
      context.fillRect(width / 2 + ((frame * 5) % (width / 4)), (frame * 3) % height, width / 4, height / 4)
      frame++
    }, 1000 / fps)
    const [media] = canvas.captureStream(fps).getVideoTracks()
    if (options.contentHint) (media as MediaStreamTrack).contentHint = options.contentHint
    const track = new LocalVideoTrack(media as MediaStreamTrack)
    const encoding = { maxBitrate: options.maxBitrate ?? 800_000, maxFramerate: fps }
    const lower = (options.simulcast ?? []).map(
      divisor => new VideoPreset(width / divisor, height / divisor, 400_000 / divisor, options.lowFps ?? fps),
    )
    const isScreen = source === 'screen_share'
    const { backupCodec = false } = options
    const publishing: TrackPublishOptions = {
      source: isScreen ? Track.Source.ScreenShare : Track.Source.Camera,
      videoCodec: codec,
      simulcast: lower.length > 0,
      ...(options.name ? { name: options.name } : {}),
      backupCodec: typeof backupCodec === 'boolean' ? backupCodec : { codec: backupCodec, encoding },
      ...(options.backupCodecPolicy === undefined ? {} : { backupCodecPolicy: options.backupCodecPolicy }),
      ...(options.scalabilityMode ? { scalabilityMode: options.scalabilityMode } : {}),
      ...(isScreen
        ? { screenShareEncoding: encoding, screenShareSimulcastLayers: lower }
        : { videoEncoding: encoding, videoSimulcastLayers: lower }),
    }
    const { trackSid } = await this.#room().localParticipant.publishTrack(track, publishing)
    this.#stops.set(trackSid, () => window.clearInterval(timer))
    this.#tracks.set(trackSid, { track, options: publishing })
    return trackSid
  }

  /** Takes a published pattern down and, when asked to, publishes the same track anew; resolves with the new sid. */
  async unpublish(sid: string, mayPublishAgain = false): Promise<string> {
    const entry = this.#tracks.get(sid)
    if (!entry) throw new Error(`no pattern ${sid}`)
    await this.#room().localParticipant.unpublishTrack(entry.track, !mayPublishAgain)
    if (!mayPublishAgain) {
      this.#stops.get(sid)?.()
      return ''
    }
    const { trackSid } = await this.#room().localParticipant.publishTrack(entry.track, entry.options)
    this.#stops.set(trackSid, this.#stops.get(sid) ?? (() => {}))
    this.#tracks.set(trackSid, entry)
    return trackSid
  }

  /** Everything the senders of a local track encode, backup codec included, low layers first. */
  async encoded(sid: string): Promise<EncodedStream[]> {
    const track = this.#room().localParticipant.trackPublications.get(sid)?.track as
      | LocalVideoTrack
      | undefined
    const backups = [...(track?.simulcastCodecs?.values() ?? [])].map(info => info.sender)
    const found: EncodedStream[] = []
    for (const sender of [track?.sender, ...backups]) {
      if (!sender) continue
      const stats = [...(await sender.getStats()).values()]
      const encodings = sender.getParameters().encodings
      for (const stat of stats.filter(s => s.type === 'outbound-rtp'))
        found.push({
          codec: stats.find(s => s.id === stat.codecId)?.mimeType ?? '',
          rid: stat.rid ?? '',
          active: encodings.find(e => (e.rid ?? '') === (stat.rid ?? ''))?.active !== false,
          framesEncoded: stat.framesEncoded ?? 0,
          width: stat.frameWidth ?? 0,
          height: stat.frameHeight ?? 0,
          scalabilityMode: stat.scalabilityMode ?? '',
          bytes: stat.bytesSent ?? 0,
        })
    }
    return found
  }

  async decoded(): Promise<DecodedStream[]> {
    const found: DecodedStream[] = []
    for (const participant of this.#room().remoteParticipants.values())
      for (const publication of participant.trackPublications.values()) {
        const values = [...((await publication.track?.getRTCStatsReport())?.values() ?? [])]
        const stat = values.find(s => s.type === 'inbound-rtp')
        if (!stat) continue
        found.push({
          identity: participant.identity,
          sid: publication.trackSid,
          source: publication.source,
          name: publication.trackName,
          codec: values.find(s => s.id === stat.codecId)?.mimeType ?? '',
          framesDecoded: stat.framesDecoded ?? 0,
          framesReceived: stat.framesReceived ?? 0,
          keyFramesDecoded: stat.keyFramesDecoded ?? 0,
          width: stat.frameWidth ?? 0,
          height: stat.frameHeight ?? 0,
          bytes: stat.bytesReceived ?? 0,
          energy: stat.totalAudioEnergy ?? 0,
          streamState: publication.track?.streamState ?? '',
        })
      }
    return found
  }

  /** Colour of the left quarter of a remote picture as hue in degrees, undefined while nothing is drawn. */
  hueOf(sid: string): number | undefined {
    for (const participant of this.#room().remoteParticipants.values()) {
      const element = participant.trackPublications.get(sid)?.track?.attachedElements[0]
      if (!(element instanceof HTMLVideoElement) || element.videoWidth === 0) continue
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 16
      const context = canvas.getContext('2d') as CanvasRenderingContext2D
      context.drawImage(element, 0, 0, 16, 16)
      const [red = 0, green = 0, blue = 0] = context.getImageData(3, 8, 1, 1).data
      const max = Math.max(red, green, blue)
      const spread = max - Math.min(red, green, blue)
      if (spread < 30) return undefined
      const sector =
        max === red
          ? (green - blue) / spread
          : max === green
            ? 2 + (blue - red) / spread
            : 4 + (red - green) / spread
      return Math.round((sector * 60 + 360) % 360)
    }
    return undefined
  }

  #remote(sid: string): RemoteTrackPublication {
    for (const participant of this.#room().remoteParticipants.values()) {
      const publication = participant.trackPublications.get(sid)
      if (publication instanceof RemoteTrackPublication) return publication
    }
    throw new Error(`no remote track ${sid}`)
  }
  /** Frame rate wanted of a remote picture. */
  setFps(sid: string, fps: number) {
    this.#remote(sid).setVideoFPS(fps)
  }
  /** Size wanted of a remote picture. */
  setSize(sid: string, width: number, height: number) {
    this.#remote(sid).setVideoDimensions({ width, height })
  }
  setEnabled(sid: string, isEnabled: boolean) {
    this.#remote(sid).setEnabled(isEnabled)
  }
}

declare global {
  interface Window {
    codecLab: CodecLab
  }
}
window.codecLab = new CodecLab()

export type { CodecLab }
