/// <reference lib="dom" />
/**
 * Runs in the browser: a stock livekit-client room behind methods whose arguments and results are plain data, so that
 * tests in Node can drive it. Bundled by browser.ts. The page has one, `window.roomClient`.
 */
import {
  ConnectionState,
  LocalVideoTrack,
  type RemoteTrackPublication,
  Room,
  type RoomConnectOptions,
  RoomEvent,
  type RoomOptions,
  type ScalabilityMode,
  Track,
  type VideoCodec,
  VideoPreset,
  VideoQuality,
} from 'livekit-client'
import './bandwidth-page.ts'
import './audio-page.ts'
import './bench-page.ts'
import './clapper-page.ts'
import './codec-page.ts'
import './data-page.ts'
import './ice-page.ts'
import './sections-page.ts'

export interface ReceivedStats {
  identity: string
  sid: string
  kind: string
  source: string
  muted: boolean
  streamState: string
  framesDecoded: number
  width: number
  height: number
  bytes: number
  /** Sum of squared samples, as in getStats. */
  energy: number
  codec: string
}

/** Every peer connection of the page, to count sections without reaching into the SDK. */
const connections: RTCPeerConnection[] = []
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration)
    connections.push(this)
  }
}

export class PageClient {
  readonly events: { name: string; detail: string }[] = []
  readonly data: { text: string; from: string; topic: string; size: number }[] = []
  room: Room | undefined
  #sources: AudioContext[] = []
  #drawing: number[] = []

  async connect(url: string, token: string, options: RoomOptions = {}, connect: RoomConnectOptions = {}) {
    const room = new Room(options)
    this.room = room
    this.#record(room)
    const started = performance.now()
    await room.connect(url, token, connect)
    return { sid: room.localParticipant.sid, connectMs: performance.now() - started }
  }

  #record(room: Room) {
    const note = (name: string, detail = '') => this.events.push({ name, detail })
    room
      .on(RoomEvent.ParticipantConnected, p => note('participantConnected', p.identity))
      .on(RoomEvent.ParticipantDisconnected, p => note('participantDisconnected', p.identity))
      .on(RoomEvent.TrackPublished, (pub, p) => note('trackPublished', `${p.identity}/${pub.source}`))
      .on(RoomEvent.TrackUnpublished, (pub, p) => note('trackUnpublished', `${p.identity}/${pub.source}`))
      .on(RoomEvent.TrackSubscribed, (track, pub, p) => {
        note('trackSubscribed', `${p.identity}/${pub.source}`)
        // Nothing is decoded without an element.
        if (!room.options.adaptiveStream) document.body.append(track.attach())
      })
      .on(RoomEvent.TrackUnsubscribed, (track, pub, p) => {
        note('trackUnsubscribed', `${p.identity}/${pub.source}`)
        for (const element of track.detach()) element.remove()
      })
      .on(RoomEvent.TrackSubscriptionFailed, (sid, p) =>
        note('trackSubscriptionFailed', `${p.identity}/${sid}`),
      )
      .on(RoomEvent.TrackMuted, (pub, p) => note('trackMuted', `${p.identity}/${pub.source}`))
      .on(RoomEvent.TrackUnmuted, (pub, p) => note('trackUnmuted', `${p.identity}/${pub.source}`))
      .on(RoomEvent.LocalTrackUnpublished, pub => note('localTrackUnpublished', pub.source))
      .on(RoomEvent.LocalTrackSubscribed, pub => note('localTrackSubscribed', pub.source))
      .on(RoomEvent.ActiveSpeakersChanged, list => note('speakers', list.map(p => p.identity).join()))
      .on(RoomEvent.ConnectionQualityChanged, (quality, p) => note('quality', `${p.identity}=${quality}`))
      .on(RoomEvent.RoomMetadataChanged, metadata => note('roomMetadata', metadata))
      .on(RoomEvent.RecordingStatusChanged, recording => note('recording', String(recording)))
      .on(RoomEvent.ParticipantMetadataChanged, (_, p) => note('metadata', `${p.identity}=${p.metadata}`))
      .on(RoomEvent.ParticipantNameChanged, (name, p) => note('name', `${p.identity}=${name}`))
      .on(RoomEvent.ParticipantPermissionsChanged, (_, p) => note('permissions', p.identity))
      .on(RoomEvent.TrackSubscriptionPermissionChanged, (pub, status) =>
        note('subscriptionPermission', `${pub.source}=${status}`),
      )
      .on(RoomEvent.SignalReconnecting, () => note('signalReconnecting'))
      .on(RoomEvent.Reconnecting, () => note('reconnecting'))
      .on(RoomEvent.Reconnected, () => note('reconnected'))
      .on(RoomEvent.Disconnected, reason => note('disconnected', String(reason)))
      .on(RoomEvent.DataReceived, (payload, participant, _kind, topic) => {
        const text = new TextDecoder().decode(payload.slice(0, 64))
        this.data.push({ text, from: participant?.identity ?? '', topic: topic ?? '', size: payload.length })
      })
  }

  #live(): Room {
    if (!this.room) throw new Error('not connected')
    return this.room
  }

  state() {
    const room = this.room
    return {
      state: room?.state ?? ConnectionState.Disconnected,
      sid: room?.localParticipant.sid ?? '',
      remote: [...(room?.remoteParticipants.keys() ?? [])],
      recording: room?.isRecording ?? false,
      numParticipants: room?.numParticipants ?? 0,
      metadata: room?.metadata ?? '',
    }
  }

  remote(identity: string) {
    const p = this.#live().remoteParticipants.get(identity)
    return p && { name: p.name, metadata: p.metadata, attributes: { ...p.attributes } }
  }

  /** A tone, so that a level is certain. */
  async publishTone(source: 'microphone' | 'screen_share_audio' = 'microphone', frequency = 440) {
    const track = await this.#tone(frequency)
    const publication = await this.#live().localParticipant.publishTrack(track, {
      source: source === 'microphone' ? Track.Source.Microphone : Track.Source.ScreenShareAudio,
      stopMicTrackOnMute: false,
    })
    return publication.trackSid
  }

  async #tone(frequency: number): Promise<MediaStreamTrack> {
    // Without a sound card Firefox runs no AudioContext; its fake microphone is a tone already.
    const plain = { autoGainControl: false, echoCancellation: false, noiseSuppression: false }
    if (navigator.userAgent.includes('Firefox'))
      return (await navigator.mediaDevices.getUserMedia({ audio: plain })).getAudioTracks()[0]!
    const context = new AudioContext()
    this.#sources.push(context)
    const oscillator = context.createOscillator()
    oscillator.frequency.value = frequency
    const gain = context.createGain()
    gain.gain.value = 0.5
    const destination = context.createMediaStreamDestination()
    oscillator.connect(gain).connect(destination)
    oscillator.start()
    return destination.stream.getAudioTracks()[0]!
  }

  /** A moving drawing of the given size. */
  async publishDrawing(options: {
    source?: 'camera' | 'screen_share'
    codec?: VideoCodec
    simulcast?: boolean
    width?: number
    height?: number
    scalabilityMode?: ScalabilityMode
  }) {
    const { source = 'camera', codec = 'vp8', simulcast = false, width = 320, height = 180 } = options
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d') as CanvasRenderingContext2D
    let frame = 0
    this.#drawing.push(
      window.setInterval(() => {
        context.fillStyle = `hsl(${frame % 360} 80% 50%)`
        context.fillRect(0, 0, width, height)
        context.fillStyle = 'white'
        context.fillRect((frame * 7) % width, (frame * 3) % height, width / 4, height / 4)
        frame++
      }, 66),
    )
    const [track] = canvas.captureStream(15).getVideoTracks()
    const publication = await this.#live().localParticipant.publishTrack(
      new LocalVideoTrack(track as MediaStreamTrack),
      {
        source: source === 'camera' ? Track.Source.Camera : Track.Source.ScreenShare,
        videoCodec: codec,
        simulcast,
        backupCodec: false,
        videoEncoding: { maxBitrate: 800_000, maxFramerate: 15 },
        ...(simulcast ? { videoSimulcastLayers: [new VideoPreset(width / 2, height / 2, 200_000, 15)] } : {}),
        ...(options.scalabilityMode ? { scalabilityMode: options.scalabilityMode } : {}),
      },
    )
    return publication.trackSid
  }

  async unpublish(sid: string) {
    const publication = this.#live().localParticipant.trackPublications.get(sid)
    const track = publication?.track
    if (track) await this.#live().localParticipant.unpublishTrack(track)
  }

  async setMuted(sid: string, muted: boolean) {
    const publication = this.#live().localParticipant.trackPublications.get(sid)
    if (!publication) throw new Error(`no local track ${sid}`)
    await (muted
      ? (publication as { mute(): Promise<unknown> }).mute()
      : (publication as { unmute(): Promise<unknown> }).unmute())
  }

  localTracks() {
    return [...this.#live().localParticipant.trackPublications.values()].map(pub => ({
      sid: pub.trackSid,
      source: pub.source,
      muted: pub.isMuted,
    }))
  }

  #publication(identity: string, source: string): RemoteTrackPublication {
    const publications = this.#live().remoteParticipants.get(identity)?.trackPublications.values() ?? []
    for (const publication of publications)
      if (publication.source === source) return publication as RemoteTrackPublication
    throw new Error(`no ${source} of ${identity}`)
  }

  setSubscribed(identity: string, source: string, subscribed: boolean) {
    this.#publication(identity, source).setSubscribed(subscribed)
  }
  setEnabled(identity: string, source: string, enabled: boolean) {
    this.#publication(identity, source).setEnabled(enabled)
  }
  setQuality(identity: string, source: string, quality: 'LOW' | 'MEDIUM' | 'HIGH') {
    this.#publication(identity, source).setVideoQuality(VideoQuality[quality])
  }

  /** For adaptive stream: the element decides what is wanted. */
  showAt(identity: string, source: string, width: number, height: number) {
    const track = this.#publication(identity, source).track
    if (!track) throw new Error('not subscribed')
    const element = (track.attachedElements[0] ?? track.attach()) as HTMLVideoElement
    element.style.cssText = `width:${width}px;height:${height}px;display:block`
    document.body.prepend(element)
  }

  hide(identity: string, source: string) {
    for (const element of this.#publication(identity, source).track?.attachedElements ?? [])
      element.style.display = 'none'
  }

  async send(
    text: string,
    options: { reliable?: boolean; to?: string[]; topic?: string; size?: number } = {},
  ) {
    const bytes = new TextEncoder().encode(text.padEnd(options.size ?? 0, '.'))
    await this.#live().localParticipant.publishData(bytes, {
      reliable: options.reliable ?? true,
      ...(options.to ? { destinationIdentities: options.to } : {}),
      ...(options.topic ? { topic: options.topic } : {}),
    })
  }

  async setMetadata(metadata: string) {
    await this.#live().localParticipant.setMetadata(metadata)
  }
  allowSubscribers(identities: string[]) {
    this.#live().localParticipant.setTrackSubscriptionPermissions(
      false,
      identities.map(participantIdentity => ({ participantIdentity, allowAll: true })),
    )
  }

  /** Cuts the socket as a network would: no close handshake that the client would take for an order. */
  async simulate(scenario: Parameters<Room['simulateScenario']>[0]) {
    await this.#live().simulateScenario(scenario)
  }

  async received(): Promise<ReceivedStats[]> {
    const found: ReceivedStats[] = []
    for (const p of this.#live().remoteParticipants.values())
      for (const publication of p.trackPublications.values()) {
        const track = publication.track
        if (!track) continue
        const report = await track.getRTCStatsReport()
        const entry: ReceivedStats = {
          identity: p.identity,
          sid: publication.trackSid,
          kind: publication.kind,
          source: publication.source,
          muted: publication.isMuted,
          streamState: track.streamState,
          framesDecoded: 0,
          width: 0,
          height: 0,
          bytes: 0,
          energy: 0,
          codec: '',
        }
        const values = report ? [...report.values()] : []
        const inbound = values.find(stat => stat.type === 'inbound-rtp')
        if (inbound) {
          entry.framesDecoded = inbound.framesDecoded ?? 0
          entry.width = inbound.frameWidth ?? 0
          entry.height = inbound.frameHeight ?? 0
          entry.bytes = inbound.bytesReceived ?? 0
          entry.energy = inbound.totalAudioEnergy ?? 0
          entry.codec = values.find(stat => stat.id === inbound.codecId)?.mimeType ?? ''
        }
        found.push(entry)
      }
    return found
  }

  /** Which simulcast layers of a local track are being sent. */
  activeLayers(sid: string) {
    const track = this.#live().localParticipant.trackPublications.get(sid)?.track
    const encodings = track?.sender?.getParameters().encodings ?? []
    return encodings.map(encoding => ({ rid: encoding.rid ?? '', active: encoding.active !== false }))
  }

  /** Sections of the connection that receives (it has no senders of ours), the data section included. */
  receivingSections(): number {
    const receiving = connections.filter(
      pc => pc.connectionState !== 'closed' && pc.remoteDescription?.type === 'offer',
    )
    return receiving.at(-1)?.remoteDescription?.sdp.match(/^m=/gm)?.length ?? 0
  }

  async disconnect() {
    await this.room?.disconnect()
    for (const timer of this.#drawing) window.clearInterval(timer)
    for (const context of this.#sources) await context.close()
  }
}

declare global {
  interface Window {
    roomClient: PageClient
  }
}
window.roomClient = new PageClient()
