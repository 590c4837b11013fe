import { type LocalTrack, type Room, RoomEvent, Track } from 'livekit-client'
import { cameraKind, LocalDevice, microphoneKind } from './local-device.ts'
import { LocalScreen } from './local-screen.ts'
import { type DeviceChoice, videoCapture } from './media-options.ts'
import type { DeviceState } from './participant-view.ts'

/** Waits before each attempt to open a device again that did not start, ms. A machine under load needs the later ones. */
const REOPEN_DELAYS_MS = [0, 1_000, 3_000, 10_000]

/**
 * What this browser sends, and what the person *wants* it to send: the two differ while the connection is away, and
 * after it is back the first is brought in line with the second.
 */
export class LocalMedia {
  readonly #room: Room
  readonly #handleChange: () => void
  #choice: DeviceChoice
  readonly #microphone: LocalDevice
  readonly #camera: LocalDevice
  readonly #screen: LocalScreen
  #restoring: Promise<unknown> = Promise.resolve()
  /** Counts calls of `reopen`; a newer one takes over from those before. */
  #reopenings = 0
  #isClosed = false

  constructor(room: Room, choice: DeviceChoice, handleChange: () => void) {
    this.#room = room
    this.#choice = choice
    this.#handleChange = handleChange
    this.#microphone = new LocalDevice(room, microphoneKind)
    this.#camera = new LocalDevice(room, cameraKind)
    this.#screen = new LocalScreen(room, handleChange)
    // A track the chair muted stays muted: it must not come back open with the next connection.
    room.on(RoomEvent.TrackMuted, (publication, participant) => {
      if (participant.isLocal) this.#deviceOf(publication.source)?.want(false)
    })
  }

  adopt(tracks: LocalTrack[]): void {
    for (const track of tracks) this.#deviceOf(track.source)?.adopt(track)
    this.#handleChange()
  }

  /** @param isAway while there is no connection, what is wanted is shown instead of what is published. */
  read(isAway: boolean): { microphone: DeviceState; camera: DeviceState; isSharing: boolean } {
    const stateOf = (device: LocalDevice): DeviceState =>
      (isAway ? device.isWanted : device.isEnabled) ? 'on' : 'off'
    return {
      microphone: stateOf(this.#microphone),
      camera: stateOf(this.#camera),
      isSharing: this.#screen.isSharing,
    }
  }

  /** Brings what is sent in line with what is wanted, after each connection. Lasting device faults are left as "off". */
  async restore(): Promise<void> {
    this.#restoring = Promise.allSettled([
      ...this.#devices.map(device => device.publishAdopted(this.#choice)),
      this.#screen.restore(),
    ])
    await this.reopen()
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
      const results = await Promise.all([
        ...this.#devices.map(device => device.reopen(this.#choice)),
        this.#screen.reopen(),
      ])
      this.#handleChange()
      if (results.every(isOpen => isOpen)) return
    }
    if (turn !== this.#reopenings) return
    for (const device of this.#devices) device.giveUp()
    this.#handleChange()
  }

  /** Rejects with the browser's error when the device cannot be opened. */
  setMicrophone(isOn: boolean): Promise<void> {
    return this.#set(this.#microphone, isOn)
  }

  /** Rejects with the browser's error when the device cannot be opened. */
  setCamera(isOn: boolean): Promise<void> {
    return this.#set(this.#camera, isOn)
  }

  /** Lets the person choose a screen, window or tab. Rejects with NotAllowedError when they cancel. */
  startScreen(): Promise<void> {
    return this.#screen.start()
  }

  stopScreen(): Promise<void> {
    return this.#screen.stop()
  }

  /**
   * Takes over what was chosen before joining; nothing is being sent yet. What is wanted and was not handed over as a
   * track (a camera that took too long to start) is opened once there is a connection.
   */
  prepare(choice: DeviceChoice, wants: { microphone: boolean; camera: boolean }): void {
    this.#choice = choice
    this.#microphone.want(wants.microphone)
    this.#camera.want(wants.camera)
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
    this.#screen.close()
    for (const device of this.#devices) device.close()
  }

  get #devices(): LocalDevice[] {
    return [this.#microphone, this.#camera]
  }

  #deviceOf(source: Track.Source): LocalDevice | undefined {
    return this.#devices.find(device => device.source === source)
  }

  async #set(device: LocalDevice, isOn: boolean): Promise<void> {
    try {
      await device.set(isOn, this.#choice)
    } finally {
      this.#handleChange()
    }
  }
}
