import { type Room, RoomEvent, Track } from 'livekit-client'
import { screenPublish } from './media-options.ts'

const sources = [Track.Source.ScreenShare, Track.Source.ScreenShareAudio]

/**
 * The screen this browser shares, with its sound. What is published are clones of the captured tracks, which
 * livekit-client may stop as it likes, so that a new connection needs no new choice by the person.
 */
export class LocalScreen {
  readonly #room: Room
  readonly #handleChange: () => void
  #captured: MediaStreamTrack[] = []
  /** Captured tracks whose copies are being published. */
  readonly #sending = new Set<MediaStreamTrack>()
  #isClosed = false

  constructor(room: Room, handleChange: () => void) {
    this.#room = room
    this.#handleChange = handleChange
    room.on(RoomEvent.TrackMuted, (publication, participant) => {
      // A stopped screen share is over, not paused: sharing again is a new choice.
      if (participant.isLocal && publication.source === Track.Source.ScreenShare) void this.stop()
    })
    room.on(RoomEvent.LocalTrackUnpublished, publication => {
      // Unpublished while connected means on purpose, by us or by a moderator (a screen share is ended that way).
      if (publication.source !== Track.Source.ScreenShare || !this.isSharing) return
      // While livekit-client restarts its connection, or ends it, it unpublishes by itself; of an end it says so only afterwards.
      setTimeout(() => {
        if (room.state === 'connected' && !this.#isPublished(Track.Source.ScreenShare)) this.#forget()
      }, 0)
    })
  }

  get isSharing(): boolean {
    return this.#captured.length > 0
  }

  /** Lets the person choose a screen, window or tab. Rejects with NotAllowedError when they cancel. */
  async start(): Promise<void> {
    if (this.isSharing) return
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
    this.#captured = tracks.map(track => track.mediaStreamTrack)
    const picture = this.#captured.find(track => track.kind === 'video')
    picture?.addEventListener('ended', () => void this.stop(), { once: true })
    this.#handleChange()
    try {
      await Promise.all(this.#captured.map(track => this.#publish(track)))
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#forget()
    const { localParticipant } = this.#room
    for (const source of sources) {
      const track = localParticipant.getTrackPublication(source)?.track
      if (track) await localParticipant.unpublishTrack(track, true)
    }
    this.#handleChange()
  }

  /** Publishes all that is captured on a new connection. Never rejects; `reopen` tries again what failed. */
  async restore(): Promise<void> {
    await Promise.allSettled(this.#captured.map(track => this.#publish(track)))
  }

  /** Publishes what is captured and neither sent nor being sent. Resolves to false when another attempt may help. */
  async reopen(): Promise<boolean> {
    const missing = this.#captured.filter(track => {
      const source = track.kind === 'video' ? Track.Source.ScreenShare : Track.Source.ScreenShareAudio
      return !this.#sending.has(track) && !this.#isPublished(source)
    })
    const results = await Promise.allSettled(missing.map(track => this.#publish(track)))
    return results.every(({ status }) => status === 'fulfilled')
  }

  close(): void {
    this.#isClosed = true
    this.#forget()
  }

  #isPublished(source: Track.Source): boolean {
    return this.#room.localParticipant.getTrackPublication(source) !== undefined
  }

  #forget(): void {
    for (const track of this.#captured) track.stop()
    this.#captured = []
    this.#handleChange()
  }

  async #publish(original: MediaStreamTrack): Promise<void> {
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
