import {
  type CaptureCommand,
  type CapturedTrack,
  type CaptureEvent,
  END_TO_END_ENCRYPTED,
} from '@diemcau/core/contracts/capture.ts'
import type { JournalEntry } from '@diemcau/core/recording/journal.ts'
import type { Logger } from 'pino'
import { isRecordable } from '../matroska/format.ts'
import { nowMs } from './clock.ts'
import { TrackRecorder } from './track-recorder.ts'

const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 5000

/** A published track, and who receives it. */
interface Captured {
  readonly track: CapturedTrack
  recorder: TrackRecorder | null
  /** The SFU has said what comes. */
  isFlowing: boolean
  /** `track_failed` is in the journal and nothing came since. */
  isFailed: boolean
  retryTimer: NodeJS.Timeout | null
  retryMs: number
}

export interface TrackCapturesOptions {
  rtpAddress: string
  trackFolder: (trackId: string) => string
  send: (command: CaptureCommand) => void
  onJournal: (entry: JournalEntry) => void
  /** The disk takes nothing more. */
  onDiskFault: (error: string) => void
  log: Logger
}

/**
 * The tracks of a room while the recorder is attached to it: each is received on a port of its own. One that the SFU cannot send, or not any
 * more, is asked for again for as long as it is published.
 */
export class TrackCaptures {
  readonly #options: TrackCapturesOptions
  readonly #tracks = new Map<string, Captured>()
  /** Recorders that still write, by track: the next one of a track must not name its files meanwhile. */
  readonly #closing = new Map<string, Promise<void>>()

  constructor(options: TrackCapturesOptions) {
    this.#options = options
  }

  published(track: CapturedTrack): void {
    const { trackId } = track
    if (this.#tracks.has(trackId)) return
    const captured: Captured = {
      track,
      recorder: null,
      isFlowing: false,
      isFailed: false,
      retryTimer: null,
      retryMs: FIRST_RETRY_MS,
    }
    this.#tracks.set(trackId, captured)
    if (track.encrypted) this.#fail(captured, END_TO_END_ENCRYPTED)
    else if (!isRecordable(track.mimeType)) this.#fail(captured, `codec ${track.mimeType} cannot be recorded`)
    else void this.#consume(captured)
  }

  unpublished(trackId: string): void {
    const captured = this.#tracks.get(trackId)
    if (!captured) return
    this.#tracks.delete(trackId)
    this.#letGo(captured)
  }

  consuming(event: Extract<CaptureEvent, { type: 'consuming' }>): void {
    const { trackId, mimeType, payloadType, ssrc, clockRate } = event
    const captured = this.#of(event)
    if (!captured?.recorder) return
    if (!isRecordable(mimeType)) {
      this.#fail(captured, `codec ${mimeType} cannot be recorded`)
      return
    }
    const kind = mimeType.toLowerCase().startsWith('audio/') ? 'audio' : 'video'
    captured.isFlowing = true
    captured.retryMs = FIRST_RETRY_MS
    const { recorder } = captured
    if (captured.isFailed) this.#options.onJournal({ type: 'track_recovered', t: nowMs(), trackId })
    captured.isFailed = false
    recorder.start(
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
        onKeyFrameWanted: () => {
          if (captured.isFlowing) this.#options.send({ type: 'resume', trackId })
        },
        onError: error => this.#handleError(captured, recorder, error),
      },
    )
    // Only now may it flow: whatever comes from here on is written.
    this.#options.send({ type: 'resume', trackId })
  }

  consumeFailed(event: Extract<CaptureEvent, { type: 'consume_failed' }>): void {
    const captured = this.#of(event)
    if (!captured?.recorder) return
    this.#fail(captured, event.reason)
    // Only its publisher could change that, by publishing it anew.
    if (event.reason !== END_TO_END_ENCRYPTED) this.#retry(captured)
  }

  /** Lets go of everything; resolves when all is on the disk. */
  async release(): Promise<void> {
    for (const trackId of [...this.#tracks.keys()]) this.unpublished(trackId)
    await Promise.all(this.#closing.values())
  }

  /** The track of an answer; undefined when it is not asked for any more, or was asked for anew since. */
  #of({ trackId, port }: { trackId: string; port?: number | undefined }): Captured | undefined {
    const captured = this.#tracks.get(trackId)
    const isOfAnother = port !== undefined && captured?.recorder && port !== captured.recorder.port
    return isOfAnother ? undefined : captured
  }

  async #consume(captured: Captured): Promise<void> {
    const { trackId } = captured.track
    const { rtpAddress: address, trackFolder, send } = this.#options
    const isOver = () => this.#tracks.get(trackId) !== captured || captured.recorder !== null
    try {
      await this.#closing.get(trackId)
      if (isOver()) return
      const recorder = await TrackRecorder.create({ trackId, address, folder: trackFolder(trackId) })
      // The track or the whole connection may be gone while the port was opened.
      if (isOver()) return void recorder.close()
      captured.recorder = recorder
      send({ type: 'consume', trackId, address, port: recorder.port })
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error))
      if (!isOver()) this.#handleError(captured, null, fault)
    }
  }

  #retry(captured: Captured): void {
    captured.retryTimer = setTimeout(() => void this.#consume(captured), captured.retryMs)
    captured.retryMs = Math.min(MAX_RETRY_MS, captured.retryMs * 2)
  }

  #fail(captured: Captured, reason: string): void {
    const { trackId } = captured.track
    this.#letGo(captured)
    if (captured.isFailed) return
    captured.isFailed = true
    this.#options.log.warn({ trackId, reason }, 'track is not recorded')
    this.#options.onJournal({ type: 'track_failed', t: nowMs(), trackId, reason })
  }

  /** A disk that takes nothing more ends the recording; other faults cost the one track. */
  #handleError(captured: Captured, recorder: TrackRecorder | null, error: Error): void {
    const code = 'code' in error ? String(error.code) : ''
    if (['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(code))
      this.#options.onDiskFault(code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : error.message)
    else if (captured.recorder === recorder) this.#fail(captured, error.message)
  }

  #letGo(captured: Captured): void {
    const { trackId } = captured.track
    const { recorder } = captured
    if (captured.retryTimer) clearTimeout(captured.retryTimer)
    captured.retryTimer = null
    captured.recorder = null
    captured.isFlowing = false
    if (!recorder) return
    this.#options.send({ type: 'release', trackId })
    const closing = recorder.close().finally(() => {
      if (this.#closing.get(trackId) === closing) this.#closing.delete(trackId)
    })
    this.#closing.set(trackId, closing)
  }
}
