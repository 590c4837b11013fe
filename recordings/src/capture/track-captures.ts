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
import type { SegmentNames } from './segment-names.ts'
import { TrackRecorder } from './track-recorder.ts'

const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 5000

/** A published track, and who receives it. */
interface Captured {
  track: CapturedTrack
  recorder: TrackRecorder | null
  /** The SFU has said what comes. */
  isFlowing: boolean
  /** Why it cannot come. */
  failure: string | null
  /** `track_failed` is in the journal and nothing came since. */
  isFailureTold: boolean
  retryTimer: NodeJS.Timeout | null
  retryMs: number
}

export interface TrackCapturesOptions {
  rtpAddress: string
  trackFolder: (trackId: string) => string
  names: SegmentNames
  send: (command: CaptureCommand) => void
  onJournal: (entry: JournalEntry) => void
  /** The disk takes nothing more. */
  onDiskFault: (error: string) => void
  log: Logger
}

/**
 * The tracks of a room as one connection brings them: each is received on a port of its own. One that the SFU cannot send, or not any more, is
 * asked for again for as long as it is published. Until `go` all is made ready and nothing flows.
 */
export class TrackCaptures {
  readonly #options: TrackCapturesOptions
  readonly #tracks = new Map<string, Captured>()
  /** Recorders that still write. */
  readonly #closing = new Set<Promise<void>>()
  #isGoing = false
  #isRetired = false

  constructor(options: TrackCapturesOptions) {
    this.#options = options
  }

  /** Whether all that is published would flow, or is known not to. */
  get isReady(): boolean {
    return [...this.#tracks.values()].every(({ isFlowing, failure }) => isFlowing || failure !== null)
  }

  /** Those that are published, as they are now. */
  list(): CapturedTrack[] {
    return [...this.#tracks.values()].map(({ track }) => track)
  }

  /** What is ready flows, and what becomes ready. */
  go(): void {
    if (this.#isGoing) return
    this.#isGoing = true
    for (const captured of this.#tracks.values()) {
      if (captured.isFlowing) this.#options.send({ type: 'resume', trackId: captured.track.trackId })
      this.#tellFailure(captured)
    }
  }

  /** All comes by another connection from now on: what flows goes on until `release`, and nothing new is begun. */
  retire(): void {
    this.#isRetired = true
    for (const captured of this.#tracks.values())
      if (captured.isFlowing) captured.recorder?.retire()
      else this.#letGo(captured)
  }

  published(track: CapturedTrack): void {
    const { trackId } = track
    if (this.#isRetired || this.#tracks.has(trackId)) return
    const captured: Captured = {
      track,
      recorder: null,
      isFlowing: false,
      failure: null,
      isFailureTold: false,
      retryTimer: null,
      retryMs: FIRST_RETRY_MS,
    }
    this.#tracks.set(trackId, captured)
    if (track.encrypted) this.#fail(captured, END_TO_END_ENCRYPTED)
    else if (!isRecordable(track.mimeType)) this.#fail(captured, `codec ${track.mimeType} cannot be recorded`)
    else void this.#consume(captured)
  }

  muted(trackId: string, muted: boolean): void {
    const captured = this.#tracks.get(trackId)
    if (captured) captured.track = { ...captured.track, muted }
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
    captured.failure = null
    if (captured.isFailureTold) this.#options.onJournal({ type: 'track_recovered', t: nowMs(), trackId })
    captured.isFailureTold = false
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
    if (this.#isGoing) this.#options.send({ type: 'resume', trackId })
  }

  consumeFailed(event: Extract<CaptureEvent, { type: 'consume_failed' }>): void {
    const captured = this.#of(event)
    if (!captured?.recorder) return
    if (this.#isRetired) {
      this.#letGo(captured)
      return
    }
    this.#fail(captured, event.reason)
    // Only its publisher could change that, by publishing it anew.
    if (event.reason !== END_TO_END_ENCRYPTED) this.#retry(captured)
  }

  /** Lets go of everything; resolves when all is on the disk. */
  async release(): Promise<void> {
    for (const trackId of [...this.#tracks.keys()]) this.unpublished(trackId)
    await Promise.all(this.#closing)
  }

  /** The track of an answer; undefined when it is not asked for any more, or was asked for anew since. */
  #of({ trackId, port }: { trackId: string; port?: number | undefined }): Captured | undefined {
    const captured = this.#tracks.get(trackId)
    const isOfAnother = port !== undefined && captured?.recorder && port !== captured.recorder.port
    return isOfAnother ? undefined : captured
  }

  async #consume(captured: Captured): Promise<void> {
    const { trackId } = captured.track
    const { rtpAddress: address, trackFolder, names, send } = this.#options
    const isOver = () => this.#tracks.get(trackId) !== captured || captured.recorder !== null
    try {
      const folder = trackFolder(trackId)
      const recorder = await TrackRecorder.create({ trackId, address, folder, names })
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
    this.#letGo(captured)
    captured.failure = reason
    if (this.#isGoing) this.#tellFailure(captured)
  }

  #tellFailure(captured: Captured): void {
    const { track, failure: reason } = captured
    if (reason === null || captured.isFailureTold) return
    captured.isFailureTold = true
    this.#options.log.warn({ trackId: track.trackId, reason }, 'track is not recorded')
    this.#options.onJournal({ type: 'track_failed', t: nowMs(), trackId: track.trackId, reason })
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
    const closing = recorder.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}
