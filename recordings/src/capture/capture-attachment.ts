import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import type { Place } from './address-round.ts'
import { CaptureSocket, type SocketEnd } from './capture-socket.ts'
import { TrackCaptures, type TrackCapturesOptions } from './track-captures.ts'

type Joined = Extract<CaptureEvent, { type: 'joined' }>

/** One connection to a node from the dial on, with the tracks that come by it. `release` closes it. */
export class CaptureAttachment {
  readonly tracks: TrackCaptures
  readonly #socket: CaptureSocket
  #joined: Joined | null = null
  #isReleased = false

  /** `onEvent` is told of each event before the tracks follow it, `onFollowed` afterwards, `onEnd` once; nothing after `release`. */
  constructor(
    options: Place & { token: string } & Omit<TrackCapturesOptions, 'send'>,
    listener: {
      onEvent: (event: CaptureEvent) => void
      onFollowed: () => void
      onEnd: (end: SocketEnd) => void
    },
  ) {
    this.#socket = new CaptureSocket(options, {
      onEvent: event => {
        listener.onEvent(event)
        if (this.#isReleased) return
        this.#follow(event)
        listener.onFollowed()
      },
      onEnd: listener.onEnd,
    })
    this.tracks = new TrackCaptures({ ...options, send: command => this.#socket.send(command) })
  }

  /** The room it is attached to; null before that. */
  get roomId(): string | null {
    return this.#joined?.roomId ?? null
  }

  /** Attached, and all tracks would flow that can. */
  get isReady(): boolean {
    return this.#joined !== null && this.tracks.isReady
  }

  /** Resolves when all that came is on the disk. Idempotent. */
  async release(): Promise<void> {
    this.#isReleased = true
    this.#socket.close()
    await this.tracks.release()
  }

  #follow(event: CaptureEvent): void {
    switch (event.type) {
      case 'joined':
        this.#joined = event
        for (const track of event.tracks) this.tracks.published(track)
        return
      case 'track_published':
        this.tracks.published(event.track)
        return
      case 'track_unpublished':
        this.tracks.unpublished(event.trackId)
        return
      case 'track_muted':
        this.tracks.muted(event.trackId, event.muted)
        return
      case 'consuming':
        this.tracks.consuming(event)
        return
      case 'consume_failed':
        this.tracks.consumeFailed(event)
        return
    }
  }
}
