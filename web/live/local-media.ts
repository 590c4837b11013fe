import { type LocalTrack, type Room, RoomEvent, Track } from 'livekit-client'
import { audioCapture, type DeviceChoice, screenPublish, videoCapture } from './media-options.ts'
import type { DeviceState } from './participant-view.ts'

/** Waits before each attempt to open a device again that did not start, ms. A machine under load needs the later ones. */
const REOPEN_DELAYS_MS = [0, 1_000, 3_000, 10_000]
/** Faults of a device that the next attempt meets again (Media Capture and Streams §10.3). */
const LASTING_FAULTS = ['NotAllowedError', 'NotFoundError', 'OverconstrainedError', 'SecurityError']

/**
 * What this browser sends, and what the person *wants* it to send: the two differ while the connection is away, and
 * after it is back the first is brought in line with the second.
 */
export class LocalMedia {
  readonly #room: Room
  readonly #handleChange: () => void
  #choice: DeviceChoice
  #wantsMicrophone = false
  #wantsCamera = false
  /** The captured screen and its sound; what is published are clones, which livekit may stop as it likes. */
  #screen: MediaStreamTrack[] = []
  #adopted: LocalTrack[] = []
  /** Of the adopted tracks that are being published. */
  readonly #publishing = new Set<Track.Source>()
  /** Captured screen tracks whose copies are being published. */
  readonly #sending = new Set<MediaStreamTrack>()
  #restoring: Promise<unknown> = Promise.resolve()
  /** Counts calls of `reopen`; a newer one takes over from those before. */
  #reopenings = 0
  #isClosed = false

  constructor(room: Room, choice: DeviceChoice, handleChange: () => void) {
    this.#room = room
    this.#choice = choice
    this.#handleChange = handleChange
    // A track the chair muted stays muted: it must not come back open with the next connection.
    room.on(RoomEvent.TrackMuted, (publication, participant) => {
      if (!participant.isLocal) return
      if (publication.source === Track.Source.Microphone) this.#wantsMicrophone = false
      if (publication.source === Track.Source.Camera) this.#wantsCamera = false
      // A stopped screen share is over, not paused: sharing again is a new choice.
      if (publication.source === Track.Source.ScreenShare) void this.stopScreen()
    })
    room.on(RoomEvent.LocalTrackUnpublished, publication => {
      // Unpublished while connected means on purpose, by us or by a moderator (a screen share is ended that way).
      const isOurScreen = publication.source === Track.Source.ScreenShare && this.#screen.length > 0
      // While livekit-client restarts its connection, or ends it, it unpublishes by itself; of an end it says so only afterwards.
      if (isOurScreen)
        setTimeout(() => {
          if (room.state === 'connected' && !this.#has(Track.Source.ScreenShare)) this.#forgetScreen()
        }, 0)
    })
  }

  adopt(tracks: LocalTrack[]): void {
    // Let in twice before there was a connection: what waited to be sent goes on waiting.
    const sources = tracks.map(track => track.source)
    for (const track of this.#adopted)
      if (sources.includes(track.source) && !tracks.includes(track)) track.stop()
    this.#adopted = [...this.#adopted.filter(track => !sources.includes(track.source)), ...tracks]
    for (const track of tracks) {
      if (track.source === Track.Source.Microphone) this.#wantsMicrophone = true
      if (track.source === Track.Source.Camera) this.#wantsCamera = true
    }
    this.#handleChange()
  }

  /** @param isAway while there is no connection, what is wanted is shown instead of what is published. */
  read(isAway: boolean): { microphone: DeviceState; camera: DeviceState; isSharing: boolean } {
    const { localParticipant } = this.#room
    const wanted = (isWanted: boolean): DeviceState => (isWanted ? 'on' : 'off')
    return {
      microphone: isAway ? wanted(this.#wantsMicrophone) : wanted(localParticipant.isMicrophoneEnabled),
      camera: isAway ? wanted(this.#wantsCamera) : wanted(localParticipant.isCameraEnabled),
      isSharing: this.#screen.length > 0,
    }
  }

  /** Brings what is sent in line with what is wanted, after each connection. Lasting device faults are left as "off". */
  async restore(): Promise<void> {
    const adopted = this.#adopted
    this.#adopted = []
    this.#restoring = Promise.allSettled([
      ...adopted.map(track => this.#publishAdopted(track)),
      ...this.#screen.map(track => this.#publishScreenTrack(track)),
    ])
    await this.reopen()
  }

  /** Of the check page. Who has turned a device off while the room was still connecting must not be heard or seen. */
  async #publishAdopted(track: LocalTrack): Promise<void> {
    const isMicrophone = track.source === Track.Source.Microphone
    const isWanted = () => (isMicrophone ? this.#wantsMicrophone : this.#wantsCamera)
    // Of two tracks of one source a switch would reach but one.
    if (!isWanted() || this.#has(track.source)) return void track.stop()
    this.#publishing.add(track.source)
    const { localParticipant } = this.#room
    try {
      await localParticipant.publishTrack(track)
    } catch (error) {
      // It is nobody's any more: its device must not stay open.
      track.stop()
      throw error
    } finally {
      this.#publishing.delete(track.source)
    }
    // At once, and not only when the slower device has started too.
    if (isWanted()) return
    if (isMicrophone) await localParticipant.setMicrophoneEnabled(false)
    else await localParticipant.setCameraEnabled(false)
  }

  /** Its adopted track goes out, or does not, as is wanted by then; livekit-client would open the device a second time. */
  #isUnderWay(source: Track.Source): boolean {
    return this.#publishing.has(source) || this.#adopted.some(track => track.source === source)
  }

  /**
   * Sends what is wanted and is not being sent. livekit-client publishes again after it has healed a connection, but a
   * track whose device did not start in time then is lost to it, and the person would stay unheard.
   */
  async reopen(): Promise<void> {
    this.#reopenings += 1
    const turn = this.#reopenings
    await this.#restoring
    for (const delayMs of REOPEN_DELAYS_MS) {
      if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
      if (turn !== this.#reopenings || this.#isClosed || this.#room.state !== 'connected') return
      const results = await Promise.all([this.#open('microphone'), this.#open('camera'), this.#openScreen()])
      this.#handleChange()
      if (results.every(isOpen => isOpen)) return
    }
    if (turn !== this.#reopenings) return
    this.#wantsMicrophone &&= this.#has(Track.Source.Microphone)
    this.#wantsCamera &&= this.#has(Track.Source.Camera)
    this.#handleChange()
  }

  #has(source: Track.Source): boolean {
    return this.#room.localParticipant.getTrackPublication(source) !== undefined
  }

  /** False when another attempt may help. */
  async #open(device: 'microphone' | 'camera'): Promise<boolean> {
    const isMicrophone = device === 'microphone'
    const isWanted = isMicrophone ? this.#wantsMicrophone : this.#wantsCamera
    const { localParticipant } = this.#room
    if (!isWanted) {
      // Turned off while it was being published, when there was nothing to mute yet.
      if (isMicrophone && localParticipant.isMicrophoneEnabled)
        await localParticipant.setMicrophoneEnabled(false).catch(() => undefined)
      if (!isMicrophone && localParticipant.isCameraEnabled)
        await localParticipant.setCameraEnabled(false).catch(() => undefined)
      return isMicrophone ? !localParticipant.isMicrophoneEnabled : !localParticipant.isCameraEnabled
    }
    const source = isMicrophone ? Track.Source.Microphone : Track.Source.Camera
    const track = localParticipant.getTrackPublication(source)?.track
    try {
      // A publication that two reconnections in a row left behind hangs on a connection that is gone.
      if (track?.sender?.transport?.state === 'closed') await localParticipant.unpublishTrack(track, true)
      if (this.#has(source)) return true
      if (isMicrophone) await localParticipant.setMicrophoneEnabled(true, audioCapture(this.#choice))
      else await localParticipant.setCameraEnabled(true, videoCapture(this.#choice))
      return true
    } catch (error) {
      if (!(error instanceof Error && LASTING_FAULTS.includes(error.name))) return false
      if (isMicrophone) this.#wantsMicrophone = false
      else this.#wantsCamera = false
      return true
    }
  }

  async #openScreen(): Promise<boolean> {
    const missing = this.#screen.filter(track => {
      const source = track.kind === 'video' ? Track.Source.ScreenShare : Track.Source.ScreenShareAudio
      return !this.#sending.has(track) && !this.#has(source)
    })
    const results = await Promise.allSettled(missing.map(track => this.#publishScreenTrack(track)))
    return results.every(({ status }) => status === 'fulfilled')
  }

  /** Rejects with the browser's error when the device cannot be opened. */
  async setMicrophone(isOn: boolean): Promise<void> {
    this.#wantsMicrophone = isOn
    if (this.#room.state === 'disconnected' || this.#isUnderWay(Track.Source.Microphone))
      return this.#handleChange()
    try {
      await this.#room.localParticipant.setMicrophoneEnabled(isOn, audioCapture(this.#choice))
    } catch (error) {
      this.#wantsMicrophone = false
      throw error
    } finally {
      this.#handleChange()
    }
  }

  /** Rejects with the browser's error when the device cannot be opened. */
  async setCamera(isOn: boolean): Promise<void> {
    this.#wantsCamera = isOn
    if (this.#room.state === 'disconnected' || this.#isUnderWay(Track.Source.Camera))
      return this.#handleChange()
    try {
      await this.#room.localParticipant.setCameraEnabled(isOn, videoCapture(this.#choice))
    } catch (error) {
      this.#wantsCamera = false
      throw error
    } finally {
      this.#handleChange()
    }
  }

  /** Lets the person choose a screen, window or tab. Rejects with NotAllowedError when they cancel. */
  async startScreen(): Promise<void> {
    if (this.#screen.length > 0) return
    const tracks = await this.#room.localParticipant.createScreenTracks({
      audio: true,
      contentHint: 'detail',
      selfBrowserSurface: 'exclude',
      surfaceSwitching: 'include',
    })
    if (this.#isClosed) {
      for (const track of tracks) track.stop()
      return
    }
    this.#screen = tracks.map(track => track.mediaStreamTrack)
    const picture = this.#screen.find(track => track.kind === 'video')
    picture?.addEventListener('ended', () => void this.stopScreen(), { once: true })
    this.#handleChange()
    try {
      await Promise.all(this.#screen.map(track => this.#publishScreenTrack(track)))
    } catch (error) {
      await this.stopScreen()
      throw error
    }
  }

  async stopScreen(): Promise<void> {
    this.#forgetScreen()
    const { localParticipant } = this.#room
    for (const source of [Track.Source.ScreenShare, Track.Source.ScreenShareAudio]) {
      const track = localParticipant.getTrackPublication(source)?.track
      if (track) await localParticipant.unpublishTrack(track, true)
    }
    this.#handleChange()
  }

  /**
   * Takes over what was chosen before joining; nothing is being sent yet. What is wanted and was not handed over as a
   * track (a camera that took too long to start) is opened once there is a connection.
   */
  prepare(choice: DeviceChoice, wants: { microphone: boolean; camera: boolean }): void {
    this.#choice = choice
    this.#wantsMicrophone = wants.microphone
    this.#wantsCamera = wants.camera
    this.#room.options.audioOutput = choice.speakerId ? { deviceId: choice.speakerId } : {}
  }

  /** Uses other devices from now on, also for what is being sent. Rejects when a device cannot be opened. */
  async choose(choice: DeviceChoice): Promise<void> {
    const before = this.#choice
    this.#choice = choice
    if (choice.microphoneId !== before.microphoneId)
      await this.#room.switchActiveDevice('audioinput', choice.microphoneId || 'default', false)
    if (choice.cameraId !== before.cameraId)
      await this.#room.switchActiveDevice('videoinput', choice.cameraId || 'default', false)
    if (choice.speakerId !== before.speakerId)
      await this.#room.switchActiveDevice('audiooutput', choice.speakerId || 'default')
    if (choice.savesData !== before.savesData) {
      const camera = this.#room.localParticipant.getTrackPublication(Track.Source.Camera)?.videoTrack
      if (camera && 'restartTrack' in camera) await camera.restartTrack(videoCapture(choice))
    }
    this.#handleChange()
  }

  get microphoneTrack(): MediaStreamTrack | null {
    return (
      this.#room.localParticipant.getTrackPublication(Track.Source.Microphone)?.track?.mediaStreamTrack ??
      null
    )
  }

  close(): void {
    this.#isClosed = true
    this.#forgetScreen()
    for (const track of this.#adopted) track.stop()
    this.#adopted = []
  }

  #forgetScreen(): void {
    for (const track of this.#screen) track.stop()
    this.#screen = []
    this.#handleChange()
  }

  async #publishScreenTrack(original: MediaStreamTrack): Promise<void> {
    const copy = original.clone()
    if (copy.kind === 'video') copy.contentHint = original.contentHint || 'detail'
    this.#sending.add(original)
    try {
      await this.#room.localParticipant.publishTrack(copy, screenPublish(copy.kind))
    } finally {
      this.#sending.delete(original)
    }
  }
}
