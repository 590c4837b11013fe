import {
  type CapturedTrack,
  type CaptureEvent,
  END_TO_END_ENCRYPTED,
} from '@diemcau/core/contracts/capture.ts'
import type { JournalEntry } from '@diemcau/core/recording/journal.ts'
import type { CaptureEndReason } from '@diemcau/core/recording/status.ts'
import type { Logger } from 'pino'
import { isRecordable } from '../matroska/format.ts'
import { CaptureSocket, type SocketEnd } from './capture-socket.ts'
import { nowMs } from './clock.ts'
import { TrackRecorder } from './track-recorder.ts'

const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 4000
/** An SFU that does not answer at all is waited for this many times longer than a room that is not there. */
const UNREACHABLE_FACTOR = 5

export interface CaptureSessionOptions {
  sfuUrl: string
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
 * Captures all tracks of a room until the room ends, `stop` is called or the room stays away for too long. A lost SFU is
 * dialled again with growing pauses: participants come back by themselves, and so do we.
 */
export class CaptureSession {
  readonly #options: CaptureSessionOptions
  readonly #listener: CaptureSessionListener
  readonly #recorders = new Map<string, TrackRecorder>()
  readonly #closing = new Set<Promise<void>>()
  #socket: CaptureSocket | null = null
  #retryTimer: NodeJS.Timeout | null = null
  #attempts = 0
  #isAttached = false
  #waitingSinceMs = nowMs()
  /** End of the recorded time should the room never come back. */
  #lastAttachedMs: number | null = null
  #isOver = false

  constructor(options: CaptureSessionOptions, listener: CaptureSessionListener) {
    this.#options = options
    this.#listener = listener
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
    this.#attempts += 1
    let token: string
    try {
      token = await this.#options.mintToken()
    } catch (error) {
      return this.fail(`no token could be made: ${error}`)
    }
    if (this.#isOver) return
    this.#socket = new CaptureSocket(
      { sfuUrl: this.#options.sfuUrl, token },
      { onEvent: event => this.#handleEvent(event), onEnd: end => void this.#handleEnd(end) },
    )
  }

  #handleEvent(event: CaptureEvent): void {
    const t = nowMs()
    switch (event.type) {
      case 'joined':
        this.#isAttached = true
        this.#attempts = 0
        this.#listener.onAttached(t, event.roomId)
        this.#listener.onJournal({ type: 'attached', t, roomId: event.roomId, tracks: event.tracks })
        for (const track of event.tracks) void this.#consume(track)
        return
      case 'track_published':
        this.#listener.onJournal({ type: 'track_published', t, track: event.track })
        void this.#consume(event.track)
        return
      case 'track_unpublished':
        this.#listener.onJournal({ type: 'track_unpublished', t, trackId: event.trackId })
        this.#releaseTrack(event.trackId)
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
      case 'consuming': {
        const { trackId, mimeType, payloadType, ssrc, clockRate } = event
        const kind = mimeType.toLowerCase().startsWith('audio/') ? 'audio' : 'video'
        this.#recorders.get(trackId)?.start(
          {
            kind,
            mimeType,
            payloadType,
            ssrc,
            clockRate,
            channels: event.channels ?? (kind === 'audio' ? 2 : 0),
            videoOrientationId: event.videoOrientationId,
          },
          {
            onKeyFrameWanted: () => this.#socket?.send({ type: 'resume', trackId }),
            onError: error => this.#handleTrackError(trackId, error),
          },
        )
        // Only now may it flow: whatever comes from here on is written.
        this.#socket?.send({ type: 'resume', trackId })
        return
      }
      case 'consume_failed':
        this.#handleTrackFailed(event.trackId, event.reason)
        return
      case 'speakers':
        this.#listener.onJournal({ type: 'speakers', t, participantIds: event.participantIds })
        return
      case 'closed':
        // The supervisor starts the node again: participants come back to it by themselves, and so do we.
        if (event.reason === 'node_stopping') void this.#handleEnd({ kind: 'lost', reason: event.reason })
        else this.#finish({ at: t, reason: 'room_closed' })
        return
    }
  }

  async #consume(track: CapturedTrack): Promise<void> {
    const { trackId } = track
    if (track.encrypted) {
      this.#handleTrackFailed(trackId, END_TO_END_ENCRYPTED)
      return
    }
    if (!isRecordable(track.mimeType)) {
      this.#handleTrackFailed(trackId, `codec ${track.mimeType} cannot be recorded`)
      return
    }
    const socket = this.#socket
    try {
      const recorder = await TrackRecorder.create({
        trackId,
        address: this.#options.rtpAddress,
        folder: this.#options.trackFolder(trackId),
      })
      // The track or the whole connection may be gone while the port was opened.
      if (this.#isOver || this.#socket !== socket || this.#recorders.has(trackId))
        return void recorder.close()
      this.#recorders.set(trackId, recorder)
      socket?.send({ type: 'consume', trackId, address: this.#options.rtpAddress, port: recorder.port })
    } catch (error) {
      this.#handleTrackError(trackId, error instanceof Error ? error : new Error(String(error)))
    }
  }

  #handleTrackFailed(trackId: string, reason: string): void {
    this.#options.log.warn({ trackId, reason }, 'track is not recorded')
    this.#listener.onJournal({ type: 'track_failed', t: nowMs(), trackId, reason })
    this.#releaseTrack(trackId)
  }

  /** A disk that takes nothing more ends the recording; other faults cost the one track. */
  #handleTrackError(trackId: string, error: Error): void {
    const code = 'code' in error ? String(error.code) : ''
    if (['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(code))
      this.fail(code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : error.message)
    else this.#handleTrackFailed(trackId, error.message)
  }

  async #handleEnd(end: SocketEnd): Promise<void> {
    if (this.#isOver) return
    const { log, roomWaitMs } = this.#options
    const wasAttached = this.#isAttached
    if (wasAttached) {
      this.#lastAttachedMs = nowMs()
      this.#waitingSinceMs = nowMs()
    }
    await this.#release(end.kind === 'refused' ? `refused with ${end.status}` : end.reason)
    if (this.#isOver) return
    if (end.kind === 'refused' && (end.status === 401 || end.status === 403))
      return this.#finish({
        at: this.#lastAttachedMs ?? nowMs(),
        reason: 'capture_failed',
        error: `the SFU refused the recorder with ${end.status}`,
      })
    const patienceMs = end.kind === 'refused' ? roomWaitMs : roomWaitMs * UNREACHABLE_FACTOR
    if (nowMs() - this.#waitingSinceMs >= patienceMs) {
      const error =
        this.#lastAttachedMs === null ? { error: `the room was not found (${describe(end)})` } : {}
      return this.#finish({ at: this.#lastAttachedMs ?? nowMs(), reason: 'room_lost', ...error })
    }
    const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, this.#attempts))
    if (wasAttached || this.#attempts === 1)
      log.warn({ end, waitMs }, 'not attached to the room, trying again')
    this.#retryTimer = setTimeout(() => void this.#connect(), waitMs)
  }

  #finish(end: { at: number; reason: CaptureEndReason; error?: string }): void {
    if (this.#isOver) return
    this.#isOver = true
    // The last words of the journal are written before the end is told.
    void this.#release(end.reason).then(() => this.#listener.onEnded(end))
  }

  #releaseTrack(trackId: string): void {
    const recorder = this.#recorders.get(trackId)
    if (!recorder) return
    this.#recorders.delete(trackId)
    this.#socket?.send({ type: 'release', trackId })
    const closing = recorder.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  async #release(reason: string): Promise<void> {
    if (this.#retryTimer) clearTimeout(this.#retryTimer)
    this.#retryTimer = null
    const t = nowMs()
    this.#socket?.close()
    this.#socket = null
    for (const trackId of [...this.#recorders.keys()]) this.#releaseTrack(trackId)
    if (this.#isAttached) this.#listener.onJournal({ type: 'detached', t, reason })
    this.#isAttached = false
    await Promise.all(this.#closing)
  }
}

const describe = (end: SocketEnd): string => (end.kind === 'refused' ? `HTTP ${end.status}` : end.reason)
