import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import type { JournalEntry } from '@diemcau/core/recording/journal.ts'
import type { CaptureEndReason } from '@diemcau/core/recording/status.ts'
import type { Logger } from 'pino'
import { AddressRound } from './address-round.ts'
import { CaptureSocket, type SocketEnd } from './capture-socket.ts'
import { nowMs } from './clock.ts'
import { TrackCaptures } from './track-captures.ts'

/** An SFU that does not answer at all is waited for this many times longer than a room that is not there. */
const UNREACHABLE_FACTOR = 5

export interface CaptureSessionOptions {
  /** In the order in which they are tried; all lead to the same rooms. */
  sfuUrls: readonly [string, ...string[]]
  /** A fresh token for each attempt. */
  mintToken: () => Promise<string>
  rtpAddress: string
  trackFolder: (trackId: string) => string
  roomWaitMs: number
  log: Logger
}

export interface CaptureSessionListener {
  /** The room is there and is being recorded; also after each reconnection. */
  onAttached(at: number, roomId: string): void
  onJournal(entry: JournalEntry): void
  /** Called once, when everything captured is on the disk; not after `close`. `at` is the end of the recorded time. */
  onEnded(end: { at: number; reason: CaptureEndReason; error?: string }): void
}

/**
 * Captures all tracks of a room until the room ends, `stop` is called or the room stays away for too long. When the SFU is lost the next address
 * is dialled, all of them again with growing pauses: participants come back by themselves, and so do we.
 */
export class CaptureSession {
  readonly #options: CaptureSessionOptions
  readonly #listener: CaptureSessionListener
  readonly #round: AddressRound
  readonly #tracks: TrackCaptures
  #socket: CaptureSocket | null = null
  #retryTimer: NodeJS.Timeout | null = null
  #isAttached = false
  #waitingSinceMs = nowMs()
  /** End of the recorded time should the room never come back. */
  #lastAttachedMs: number | null = null
  /** It is in the log that the room is not there. */
  #isToldWaiting = false
  #isOver = false

  constructor(options: CaptureSessionOptions, listener: CaptureSessionListener) {
    this.#options = options
    this.#listener = listener
    this.#round = new AddressRound(options.sfuUrls)
    this.#tracks = new TrackCaptures({
      ...options,
      send: command => this.#socket?.send(command),
      onJournal: entry => listener.onJournal(entry),
      onDiskFault: error => this.fail(error),
    })
  }

  /** `lastAttachedMs`: when a former process was attached last, for a recording that is taken up again. */
  start(lastAttachedMs: number | null): void {
    this.#lastAttachedMs = lastAttachedMs
    this.#waitingSinceMs = nowMs()
    void this.#connect()
  }

  get isAttached(): boolean {
    return this.#isAttached
  }

  /** Ends the recording now; `onEnded` follows when all is written. */
  stop(): void {
    this.#finish({ at: nowMs(), reason: 'stopped' })
  }

  /** Ends it because the material cannot be kept. */
  fail(error: string): void {
    this.#finish({ at: nowMs(), reason: 'capture_failed', error })
  }

  /** Lets go of everything without ending the recording: the process stops, the next one takes it up again. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#release('recorder_stopping')
  }

  async #connect(): Promise<void> {
    if (this.#isOver) return
    let token: string
    try {
      token = await this.#options.mintToken()
    } catch (error) {
      return this.fail(`no token could be made: ${error}`)
    }
    if (this.#isOver) return
    this.#socket = new CaptureSocket(
      { ...this.#round.next, token },
      { onEvent: event => this.#handleEvent(event), onEnd: end => this.#handleEnd(end) },
    )
  }

  #handleEvent(event: CaptureEvent): void {
    const t = nowMs()
    switch (event.type) {
      case 'joined':
        this.#isAttached = true
        this.#round.attached()
        this.#listener.onAttached(t, event.roomId)
        this.#listener.onJournal({ type: 'attached', t, roomId: event.roomId, tracks: event.tracks })
        for (const track of event.tracks) this.#tracks.published(track)
        return
      case 'track_published':
        this.#listener.onJournal({ type: 'track_published', t, track: event.track })
        this.#tracks.published(event.track)
        return
      case 'track_unpublished':
        this.#listener.onJournal({ type: 'track_unpublished', t, trackId: event.trackId })
        this.#tracks.unpublished(event.trackId)
        return
      case 'track_muted':
        this.#listener.onJournal({ type: 'track_muted', t, trackId: event.trackId, muted: event.muted })
        return
      case 'participant_updated':
        this.#listener.onJournal({
          type: 'participant_updated',
          t,
          participantId: event.participantId,
          name: event.name,
        })
        return
      case 'consuming':
        this.#tracks.consuming(event)
        return
      case 'consume_failed':
        this.#tracks.consumeFailed(event)
        return
      case 'speakers':
        this.#listener.onJournal({ type: 'speakers', t, participantIds: event.participantIds })
        return
      case 'closed':
        // Participants come back by themselves, at another node or at this one when it was started again, and so do we.
        if (event.reason === 'node_stopping') this.#handleEnd({ kind: 'lost', reason: event.reason })
        else this.#finish({ at: t, reason: 'room_closed' })
        return
    }
  }

  #handleEnd(end: SocketEnd): void {
    if (this.#isOver) return
    const { log, roomWaitMs } = this.#options
    const wasAttached = this.#isAttached
    if (wasAttached) {
      this.#lastAttachedMs = nowMs()
      this.#waitingSinceMs = nowMs()
    }
    const { waitMs, denied } = wasAttached
      ? { waitMs: this.#round.lost(), denied: false }
      : this.#round.failed(end)
    // What is still being written holds up nobody: the next files of a track wait for its last.
    void this.#release(end.kind === 'refused' ? `refused with ${end.status}` : end.reason)
    if (denied) {
      this.#finish({
        at: this.#lastAttachedMs ?? nowMs(),
        reason: 'capture_failed',
        error: `the SFU refused the recorder with ${end.kind === 'refused' ? end.status : end.reason}`,
      })
      return
    }
    // A node that stops or reaches nobody (503) says nothing of the room.
    const isRoomAway = end.kind === 'refused' && end.status !== 503
    const patienceMs = isRoomAway ? roomWaitMs : roomWaitMs * UNREACHABLE_FACTOR
    if (nowMs() - this.#waitingSinceMs >= patienceMs) {
      const error =
        this.#lastAttachedMs === null ? { error: `the room was not found (${describe(end)})` } : {}
      this.#finish({ at: this.#lastAttachedMs ?? nowMs(), reason: 'room_lost', ...error })
      return
    }
    if (wasAttached || !this.#isToldWaiting)
      log.warn({ end, waitMs }, 'not attached to the room, trying again')
    this.#isToldWaiting = true
    this.#retryTimer = setTimeout(() => void this.#connect(), waitMs)
  }

  #finish(end: { at: number; reason: CaptureEndReason; error?: string }): void {
    if (this.#isOver) return
    this.#isOver = true
    // The last words of the journal are written before the end is told.
    void this.#release(end.reason).then(() => this.#listener.onEnded(end))
  }

  async #release(reason: string): Promise<void> {
    if (this.#retryTimer) clearTimeout(this.#retryTimer)
    this.#retryTimer = null
    const t = nowMs()
    this.#socket?.close()
    this.#socket = null
    const written = this.#tracks.release()
    if (this.#isAttached) this.#listener.onJournal({ type: 'detached', t, reason })
    this.#isAttached = false
    await written
  }
}

const describe = (end: SocketEnd): string => (end.kind === 'refused' ? `HTTP ${end.status}` : end.reason)
