import {
  type LocalTrack,
  type RemoteTrack,
  type RemoteTrackPublication,
  Room,
  RoomEvent,
  Track,
} from 'livekit-client'
import { AudioSink } from './audio-sink.ts'
import { LocalMedia } from './local-media.ts'
import { connectOptions, type DeviceChoice, roomOptions } from './media-options.ts'
import { compareByProtocol, type DeviceState, type ParticipantView, reuseViews } from './participant-view.ts'
import { isShownParticipant, readParticipant } from './read-participant.ts'
import { Store } from './store.ts'
import { planSubscriptions, type RemotePublication } from './subscription-plan.ts'

/** `reconnecting`: livekit-client is healing it; `lost`: it gave up, or never was, and somebody must connect anew. */
export type MediaConnection = 'lost' | 'connecting' | 'connected' | 'reconnecting'

export interface MediaView {
  connection: MediaConnection
  /** In protocol order, oneself included. */
  participants: readonly ParticipantView[]
  /** Identities heard right now, loudest first. */
  activeSpeakers: readonly string[]
  /** False while the browser forbids sound until somebody clicks. */
  mayPlayAudio: boolean
  isRecording: boolean
  /** False while the media server takes no microphone from this person (the chair keeps them closed). */
  mayUnmute: boolean
  microphone: DeviceState
  camera: DeviceState
  isSharing: boolean
}

const COALESCE_MS = 16
/** How often the sound is compared with what the room has, ms. */
const SOUND_CHECK_MS = 1_000

/** Everything that may change what the room shows; each leads to the same re-reading. */
const REFRESHING = [
  RoomEvent.Connected,
  RoomEvent.Reconnected,
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.TrackStreamStateChanged,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.ConnectionQualityChanged,
  RoomEvent.ParticipantAttributesChanged,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.ParticipantPermissionsChanged,
  RoomEvent.AudioPlaybackStatusChanged,
  RoomEvent.RecordingStatusChanged,
  RoomEvent.ConnectionStateChanged,
] as const

/**
 * The media of one meeting in this browser: one livekit `Room`, kept for the whole stay and connected anew when it was
 * lost. It reads the room into plain data, asks for the pictures that are shown and for everybody's sound, and keeps
 * what the person wants to send across every reconnection.
 */
export class MediaRoom {
  readonly room: Room
  readonly local: LocalMedia
  readonly view: Store<MediaView>
  readonly #sink: AudioSink
  readonly #handleLost: (reason: number | undefined) => void
  #shown: ReadonlySet<string> = new Set()
  #shownAtMs = new Map<string, number>()
  #refreshTimer: ReturnType<typeof setTimeout> | undefined
  #lingerTimer: ReturnType<typeof setTimeout> | undefined
  readonly #soundTimer: ReturnType<typeof setInterval>
  #connection: MediaConnection = 'lost'
  #isClosed = false

  /**
   * @param playsAudio false for a page that starts silent (`setSound` turns it on).
   * @param handleLost called once each time an established connection is gone for good.
   */
  constructor(choice: DeviceChoice, playsAudio: boolean, handleLost: (reason: number | undefined) => void) {
    this.room = new Room(roomOptions(choice))
    this.local = new LocalMedia(this.room, choice, () => this.#scheduleRefresh())
    this.#sink = new AudioSink(playsAudio)
    this.#handleLost = handleLost
    this.view = new Store(this.#read([]))
    // livekit-client may swallow `TrackSubscribed` of a track that comes at the very end of a reconnection.
    this.#soundTimer = setInterval(() => this.#syncSound(), SOUND_CHECK_MS)
    for (const event of REFRESHING) this.room.on(event, () => this.#scheduleRefresh())
    this.room
      .on(RoomEvent.TrackSubscribed, track => {
        if (track.kind === Track.Kind.Audio) this.#sink.add(track)
      })
      .on(RoomEvent.TrackUnsubscribed, track => {
        if (track.kind === Track.Kind.Audio) this.#sink.remove(track)
      })
      .on(RoomEvent.Reconnecting, () => this.#setConnection('reconnecting'))
      .on(RoomEvent.SignalReconnecting, () => this.#setConnection('reconnecting'))
      .on(RoomEvent.Reconnected, () => {
        this.#setConnection('connected')
        void this.local.reopen()
      })
      .on(RoomEvent.Disconnected, reason => {
        // While `connect` runs its rejection tells the same.
        const wasEstablished = this.isConnected
        this.#setConnection(this.#connection === 'connecting' ? 'connecting' : 'lost')
        if (wasEstablished && !this.#isClosed) this.#handleLost(reason)
      })
  }

  /** Connects, then sends again what was sent before. Rejects when the connection cannot be made. */
  async connect(serverUrl: string, token: string): Promise<void> {
    this.#setConnection('connecting')
    try {
      await this.room.connect(serverUrl, token, connectOptions)
    } catch (error) {
      this.#setConnection('lost')
      throw error
    }
    if (this.#isClosed) return void this.room.disconnect()
    this.#setConnection('connected')
    // Not awaited: a camera that is slow to start must not hide that the connection stands, or is lost again.
    void this.local.restore()
  }

  /** Whether there is a connection that is up or being healed by livekit-client. */
  get isConnected(): boolean {
    return this.#connection === 'connected' || this.#connection === 'reconnecting'
  }

  /** Tracks made on the check page are sent as they are, so that the camera does not blink. */
  adopt(tracks: LocalTrack[]): void {
    this.local.adopt(tracks)
  }

  /** Says which pictures are on the page now (`pictureKey`); the others are no longer asked for. */
  setShown(shown: ReadonlySet<string>): void {
    this.#shown = shown
    this.#reconcile()
  }

  get hasSound(): boolean {
    return this.#sink.isOn
  }

  /** Must be called from a click or key press when the browser blocks sound. */
  async startSound(): Promise<void> {
    this.#sink.setOn(true)
    await this.room.startAudio()
    this.#scheduleRefresh()
  }

  stopSound(): void {
    this.#sink.setOn(false)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#refreshTimer)
    clearTimeout(this.#lingerTimer)
    clearInterval(this.#soundTimer)
    this.local.close()
    this.#sink.close()
    await this.room.disconnect(true)
  }

  #syncSound(): void {
    if (this.#connection !== 'connected') return
    const tracks = [...this.room.remoteParticipants.values()]
      .flatMap(participant => [...participant.trackPublications.values()])
      .flatMap(({ track }) => (track?.kind === Track.Kind.Audio ? [track as RemoteTrack] : []))
    this.#sink.sync(new Set(tracks))
  }

  #setConnection(connection: MediaConnection): void {
    this.#connection = connection
    this.#scheduleRefresh()
  }

  /** Events come in bursts (a room of two hundred joins at once): they are read together. */
  #scheduleRefresh(): void {
    if (this.#isClosed) return
    this.#refreshTimer ??= setTimeout(() => {
      this.#refreshTimer = undefined
      this.view.set(this.#read(this.view.get().participants))
      this.#reconcile()
    }, COALESCE_MS)
  }

  #read(former: readonly ParticipantView[]): MediaView {
    // What was seen last stays on the page while a lost connection is made anew; the banner says so.
    const isAway = this.#connection === 'lost' || this.#connection === 'connecting'
    const everyone = [this.room.localParticipant, ...this.room.remoteParticipants.values()]
    const participants = isAway
      ? (former as ParticipantView[])
      : reuseViews(
          former,
          everyone
            .filter(participant => participant.identity !== '' && isShownParticipant(participant))
            .map(readParticipant)
            .sort(compareByProtocol),
        )
    return {
      connection: this.#connection,
      participants,
      activeSpeakers: this.room.activeSpeakers.map(speaker => speaker.identity),
      mayPlayAudio: this.room.canPlaybackAudio,
      isRecording: this.room.isRecording,
      mayUnmute: mayPublishMicrophone(this.room.localParticipant.permissions?.canPublishSources ?? []),
      ...this.local.read(isAway),
    }
  }

  #reconcile(): void {
    if (this.#isClosed || this.#connection !== 'connected') return
    const known = new Map<string, RemoteTrackPublication>()
    const publications: RemotePublication[] = []
    for (const participant of this.room.remoteParticipants.values()) {
      for (const publication of participant.trackPublications.values()) {
        known.set(publication.trackSid, publication)
        publications.push({
          trackId: publication.trackSid,
          identity: participant.identity,
          kind: publication.kind === Track.Kind.Audio ? 'audio' : 'video',
          source: sourceOf(publication.source),
          isWanted: publication.isDesired,
        })
      }
    }
    const plan = planSubscriptions(publications, this.#shown, this.#shownAtMs, Date.now())
    this.#shownAtMs = plan.shownAtMs
    for (const trackId of plan.subscribe) known.get(trackId)?.setSubscribed(true)
    for (const trackId of plan.unsubscribe) known.get(trackId)?.setSubscribed(false)
    clearTimeout(this.#lingerTimer)
    if (plan.nextAtMs !== null)
      this.#lingerTimer = setTimeout(() => this.#reconcile(), plan.nextAtMs - Date.now() + 50)
  }
}

const sourceOf = (source: Track.Source): RemotePublication['source'] =>
  source === Track.Source.Camera ? 'camera' : source === Track.Source.ScreenShare ? 'screen_share' : 'other'

/** An empty list allows every source (LiveKit's ParticipantPermission); 2 is TrackSource.MICROPHONE of its protocol. */
export const mayPublishMicrophone = (sources: readonly number[]): boolean =>
  sources.length === 0 || sources.includes(MICROPHONE_SOURCE)
const MICROPHONE_SOURCE = 2
