/** The recorders of one room: opened, told what happens, closed with it. */
import type { CaptureCloseReason, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import type { Incarnation, ParticipantId } from '@diemcau/core/ids.ts'
import type { Log } from '../base/log.ts'
import type { CaptureMedia, CaptureMediaListener, MediaCloseReason } from '../base/ports.ts'
import type { RoomView } from '../member/room-view.ts'
import { capturedTrackOf, isEncrypted, RecorderView } from './recorder-view.ts'

export interface RoomCapturesListener {
  /** Participants are to see it, as `activeRecording`. */
  recordingChanged(): void
  /** Other nodes are to know how many recorders are here. */
  recordersChanged(count: number): void
  /** Who is heard, loudest first. */
  heardNow(): ParticipantId[]
}

export class RoomCaptures {
  readonly #room: RoomView
  readonly #log: Log
  readonly #now: () => number
  readonly #listener: RoomCapturesListener
  readonly #views = new Set<RecorderView>()
  /** How many recorders are at other nodes of the room. */
  readonly #elsewhere = new Map<Incarnation, number>()

  constructor(room: RoomView, log: Log, now: () => number, listener: RoomCapturesListener) {
    this.#room = room
    this.#log = log
    this.#now = now
    this.#listener = listener
  }

  /** Here. */
  get size(): number {
    return this.#views.size
  }
  /** Here or on another node. */
  get isRecording(): boolean {
    return this.#views.size > 0 || this.#elsewhere.size > 0
  }
  /** A recorder takes every track that is not hidden, whomever its publisher allows it. */
  isRecordingOn(node: Incarnation): boolean {
    return this.#elsewhere.has(node)
  }

  /** What another node says of how many it has. */
  takeElsewhere(node: Incarnation, count: number): void {
    const wasRecording = this.isRecording
    if (count > 0) this.#elsewhere.set(node, count)
    else this.#elsewhere.delete(node)
    if (this.isRecording !== wasRecording) this.#listener.recordingChanged()
  }

  open(
    openMedia: (listener: CaptureMediaListener) => CaptureMedia,
    send: (event: CaptureEvent) => void,
  ): RecorderView {
    const view = new RecorderView({
      openMedia,
      send,
      log: this.#log,
      now: this.#now,
      isEncrypted: trackId => {
        const publication = this.#room.publisherOf(trackId)?.publications.get(trackId)
        return publication !== undefined && isEncrypted(publication)
      },
      onClosed: closed => {
        this.#views.delete(closed)
        this.#changed()
      },
    })
    const tracks = this.#room
      .visible()
      .flatMap(participant =>
        participant.publications.published().map(publication => capturedTrackOf(participant, publication)),
      )
    this.#views.add(view)
    view.notify({
      type: 'joined',
      roomName: this.#room.name,
      roomId: this.#room.id,
      at: this.#now(),
      tracks,
    })
    // Who speaks evenly changes nothing, and would else be unknown to who comes now.
    const participantIds = this.#listener.heardNow()
    if (participantIds.length > 0) view.notify({ type: 'speakers', at: this.#now(), participantIds })
    this.#changed()
    return view
  }

  #changed(): void {
    this.#listener.recordersChanged(this.#views.size)
    this.#listener.recordingChanged()
  }

  notify(event: CaptureEvent): void {
    for (const view of this.#views) view.notify(event)
  }

  /** See RecorderView. */
  move(limitMs: number): void {
    for (const view of this.#views) view.move(limitMs)
  }

  async close(reason: CaptureCloseReason, mediaReason: MediaCloseReason): Promise<void> {
    await Promise.allSettled([...this.#views].map(view => view.close(reason, mediaReason)))
  }
}
