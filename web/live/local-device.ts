import { type LocalParticipant, type LocalTrack, type Room, Track } from 'livekit-client'
import { audioCapture, type DeviceChoice, videoCapture } from './media-options.ts'

/** Faults of a device that the next attempt meets again (Media Capture and Streams §10.3). */
const LASTING_FAULTS = ['NotAllowedError', 'NotFoundError', 'OverconstrainedError', 'SecurityError']

/** What differs between a microphone and a camera. */
interface DeviceKind {
  source: Track.Source
  isEnabled(participant: LocalParticipant): boolean
  /** Opens or mutes the device. Rejects with the browser's error when it cannot be opened. */
  setEnabled(participant: LocalParticipant, isOn: boolean, choice: DeviceChoice): Promise<unknown>
}

export const microphoneKind: DeviceKind = {
  source: Track.Source.Microphone,
  isEnabled: participant => participant.isMicrophoneEnabled,
  setEnabled: (participant, isOn, choice) => participant.setMicrophoneEnabled(isOn, audioCapture(choice)),
}

export const cameraKind: DeviceKind = {
  source: Track.Source.Camera,
  isEnabled: participant => participant.isCameraEnabled,
  setEnabled: (participant, isOn, choice) => participant.setCameraEnabled(isOn, videoCapture(choice)),
}

/**
 * The microphone or the camera of this browser: whether the person wants it sent, the track that the check page handed
 * over for it, and how what is sent is brought in line with what is wanted.
 */
export class LocalDevice {
  readonly source: Track.Source
  readonly #kind: DeviceKind
  readonly #room: Room
  #isWanted = false
  /** Handed over by the check page and not published yet. */
  #adopted: LocalTrack | null = null
  #isPublishing = false

  constructor(room: Room, kind: DeviceKind) {
    this.#room = room
    this.#kind = kind
    this.source = kind.source
  }

  /** Whether the person wants it on; while there is no connection nothing else is known. */
  get isWanted(): boolean {
    return this.#isWanted
  }

  /** Whether it is being sent. */
  get isEnabled(): boolean {
    return this.#kind.isEnabled(this.#room.localParticipant)
  }

  /** Takes note of what is wanted without opening or muting anything. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted
  }

  /** What is wanted and is not being sent is wanted no more: all attempts to open it have failed. */
  giveUp(): void {
    this.#isWanted &&= this.#publication !== undefined
  }

  /** Takes over a track of the check page. One that was waiting to be sent before gives way to it. */
  adopt(track: LocalTrack): void {
    if (this.#adopted !== track) this.#adopted?.stop()
    this.#adopted = track
    this.#isWanted = true
  }

  /**
   * Sends the adopted track, if there is one. Who has turned the device off while the room was still connecting must
   * not be heard or seen. Rejects when the track cannot be published.
   */
  async publishAdopted(choice: DeviceChoice): Promise<void> {
    const track = this.#adopted
    this.#adopted = null
    if (track === null) return
    // Of two tracks of one source a switch would reach only one.
    if (!this.#isWanted || this.#publication) return void track.stop()
    this.#isPublishing = true
    try {
      await this.#room.localParticipant.publishTrack(track)
    } catch (error) {
      // The track belongs to nobody any more, so its device must not stay open.
      track.stop()
      throw error
    } finally {
      this.#isPublishing = false
    }
    // It was turned off meanwhile: muted at once, and not only when the slower device has started too.
    if (!this.#isWanted) await this.#setEnabled(false, choice)
  }

  /** Turns it on or off. Rejects with the browser's error when the device cannot be opened. */
  async set(isOn: boolean, choice: DeviceChoice): Promise<void> {
    this.#isWanted = isOn
    // An adopted track goes out, or does not, as is wanted by then; livekit-client would open the device a second time.
    if (this.#room.state === 'disconnected' || this.#isPublishing || this.#adopted) return
    try {
      await this.#setEnabled(isOn, choice)
    } catch (error) {
      this.#isWanted = false
      throw error
    }
  }

  /** Brings what is sent in line with what is wanted. Resolves to false when another attempt may help. */
  async reopen(choice: DeviceChoice): Promise<boolean> {
    if (!this.#isWanted) {
      // Turned off while it was being published, when there was nothing to mute yet.
      if (this.isEnabled) await this.#setEnabled(false, choice).catch(() => undefined)
      return !this.isEnabled
    }
    const track = this.#publication?.track
    try {
      // A publication that two reconnections in a row left behind hangs on a connection that is gone.
      if (track?.sender?.transport?.state === 'closed')
        await this.#room.localParticipant.unpublishTrack(track, true)
      if (!this.#publication) await this.#setEnabled(true, choice)
      return true
    } catch (error) {
      if (!(error instanceof Error && LASTING_FAULTS.includes(error.name))) return false
      this.#isWanted = false
      return true
    }
  }

  /** Stops an adopted track that was never sent. */
  close(): void {
    this.#adopted?.stop()
    this.#adopted = null
  }

  get #publication() {
    return this.#room.localParticipant.getTrackPublication(this.source)
  }

  #setEnabled(isOn: boolean, choice: DeviceChoice): Promise<unknown> {
    return this.#kind.setEnabled(this.#room.localParticipant, isOn, choice)
  }
}
