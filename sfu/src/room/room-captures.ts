/** The recorders of one room: opened, told what happens, closed with it. */
import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { CaptureSession, capturedTrackOf, isEncrypted } from './capture-session.ts'
import type { Log } from './log.ts'
import type { CaptureMedia, MediaCloseReason } from './ports.ts'
import type { RoomView } from './room-view.ts'

export class RoomCaptures {
  readonly #room: RoomView
  readonly #log: Log
  readonly #now: () => number
  /** The number of recorders changed, which participants see as `activeRecording`. */
  readonly #onChanged: () => void
  readonly #sessions = new Set<CaptureSession>()

  constructor(room: RoomView, log: Log, now: () => number, onChanged: () => void) {
    this.#room = room
    this.#log = log
    this.#now = now
    this.#onChanged = onChanged
  }

  get size(): number {
    return this.#sessions.size
  }

  open(media: CaptureMedia, send: (event: CaptureEvent) => void): CaptureSession {
    const session = new CaptureSession({
      media,
      send,
      log: this.#log,
      now: this.#now,
      isEncrypted: trackId => {
        const publication = this.#room.publisherOf(trackId)?.publications.get(trackId)
        return publication !== undefined && isEncrypted(publication)
      },
      onClosed: closed => {
        this.#sessions.delete(closed)
        this.#onChanged()
      },
    })
    const tracks = this.#room
      .visible()
      .flatMap(participant =>
        participant.publications.published().map(publication => capturedTrackOf(participant, publication)),
      )
    this.#sessions.add(session)
    session.notify({
      type: 'joined',
      roomName: this.#room.name,
      roomId: this.#room.id,
      at: this.#now(),
      tracks,
    })
    this.#onChanged()
    return session
  }

  notify(event: CaptureEvent): void {
    for (const session of this.#sessions) session.notify(event)
  }

  async close(reason: string, mediaReason: MediaCloseReason): Promise<void> {
    await Promise.allSettled([...this.#sessions].map(session => session.close(reason, mediaReason)))
  }
}
