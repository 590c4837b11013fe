import type { JournalEntry } from '@diemcau/core/recording/journal.ts'
import type { Manifest } from '@diemcau/core/recording/manifest.ts'
import {
  isFinal,
  type RecordingEvent,
  type RecordingLayout,
  type RecordingState,
  reduceRecording,
} from '@diemcau/core/recording/status.ts'
import type { Logger } from 'pino'
import { CaptureSession } from '../capture/capture-session.ts'
import { nowMs } from '../capture/clock.ts'
import type { JobFolder } from '../store/job-store.ts'

const HEARTBEAT_MS = 2000
/** A recording found this long after its recorder stopped is not taken up again: the meeting is another one by now. */
const RESUME_WITHIN_MS = 15 * 60_000

export interface JobEnvironment {
  sfuUrls: readonly [string, ...string[]]
  rtpAddress: string
  roomWaitMs: number
  minFreeBytes: number
  mintCaptureToken: (roomName: string) => Promise<string>
  /** Makes the file; resolves with its facts or throws what is wrong. */
  compose: (
    folder: JobFolder,
    manifest: Manifest,
    onProgress: (percent: number) => void,
  ) => Promise<{ durationMs: number; sizeBytes: number }>
  /** Called after each change that is to be seen from outside, in order. */
  onChange: (before: RecordingState, after: RecordingState) => void
  log: Logger
}

/** One recording from the request to the file. The registry owns it; the state outlives it in its folder. */
export class RecordingJob {
  readonly folder: JobFolder
  readonly #environment: JobEnvironment
  readonly #log: Logger
  #state: RecordingState
  #session: CaptureSession | null = null
  #heartbeat: NodeJS.Timeout | null = null
  #composing: Promise<void> | null = null
  #isClosed = false

  constructor(folder: JobFolder, state: RecordingState, environment: JobEnvironment) {
    this.folder = folder
    this.#state = state
    this.#environment = environment
    this.#log = environment.log.child({ egressId: state.egressId, roomName: state.roomName })
  }

  get state(): RecordingState {
    return this.#state
  }

  /** Its room is being captured at this moment. */
  get isAttached(): boolean {
    return this.#session?.isAttached ?? false
  }

  /** Begins a new recording, or goes on with one found on the disk in whatever phase it was left. */
  async start(): Promise<void> {
    const { phase, aliveAtMs, requestedAtMs } = this.#state
    if (isFinal(phase)) return
    await this.folder.create()
    await this.folder.repairJournal()
    await this.folder.writeState(this.#state)
    if (phase === 'ending') return this.#compose()
    const lastAlive = aliveAtMs ?? requestedAtMs
    if (nowMs() - lastAlive > RESUME_WITHIN_MS) {
      this.#log.warn({ lastAlive }, 'recording was left too long ago to be taken up again')
      return this.#handleCaptureEnded({ at: lastAlive, reason: 'room_lost' })
    }
    if (aliveAtMs !== null) this.#log.info({ awayMs: nowMs() - aliveAtMs }, 'recording taken up again')
    this.#capture(aliveAtMs)
  }

  /** Ends it as failed because its folder cannot be used; what lies there stays, and the next start tries it again. */
  failToStart(error: unknown): void {
    this.#log.error({ err: error }, 'the recording cannot be taken up: its folder cannot be used')
    if (isFinal(this.#state.phase)) return
    this.#apply({
      type: 'failed',
      at: nowMs(),
      error: `the recording folder cannot be used: ${error instanceof Error ? error.message : error}`,
    })
  }

  /** Ends the capture; the composition follows by itself. Idempotent. */
  stop(): void {
    this.#session?.stop()
  }

  setLayout(layout: RecordingLayout): void {
    this.#apply({ type: 'layout_changed', layout })
    this.#journal({ type: 'layout', t: nowMs(), layout })
  }

  /** Lets go without ending the recording: the next process goes on with it. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    await this.#session?.close()
    // The composition ends by the abort signal of the process; it must not write after we are gone.
    await this.#composing
    if (!isFinal(this.#state.phase))
      await this.folder
        .writeState(this.#state)
        .catch(error => this.#log.error({ err: error }, 'the state could not be written'))
  }

  #capture(lastAttachedMs: number | null): void {
    const { sfuUrls, rtpAddress, roomWaitMs, mintCaptureToken } = this.#environment
    this.#session = new CaptureSession(
      {
        sfuUrls,
        rtpAddress,
        roomWaitMs,
        mintToken: () => mintCaptureToken(this.#state.roomName),
        trackFolder: trackId => this.folder.trackFolder(trackId),
        log: this.#log,
      },
      {
        onAttached: (at, roomId) => this.#handleAttached(at, roomId),
        onJournal: entry => this.#journal(entry),
        onEnded: end => this.#handleCaptureEnded(end),
      },
    )
    this.#heartbeat = setInterval(() => void this.#handleHeartbeat(), HEARTBEAT_MS)
    this.#session.start(lastAttachedMs)
  }

  #handleAttached(at: number, roomId: string): void {
    const isFirst = this.#state.startedAtMs === null
    this.#apply({ type: 'room_joined', at, roomId })
    if (isFirst) this.#journal({ type: 'layout', t: at, layout: this.#state.layout })
  }

  async #handleHeartbeat(): Promise<void> {
    if (!this.#session?.isAttached) return
    this.#apply({ type: 'alive', at: nowMs() })
    const free = await this.folder.freeBytes().catch(() => null)
    if (free !== null && free < this.#environment.minFreeBytes)
      this.#session?.fail('the disk is nearly full: the recording was ended to keep what there is')
  }

  #handleCaptureEnded(end: {
    at: number
    reason: 'stopped' | 'room_closed' | 'room_lost' | 'capture_failed'
    error?: string
  }): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    this.#session = null
    if (this.#isClosed) return
    this.#log.info(end, 'capture ended')
    this.#apply({ type: 'capture_ended', ...end })
    if (this.#state.phase === 'ending') this.#compose()
  }

  #compose(): void {
    if (this.#composing || this.#isClosed) return
    this.#composing = this.#makeFile().catch(error => {
      // Stopping the process is no failure of the recording: the next one goes on with it.
      if (this.#isClosed) return
      this.#log.error({ err: error }, 'recording failed')
      this.#apply({
        type: 'failed',
        at: nowMs(),
        error: error instanceof Error ? error.message : String(error),
      })
    })
  }

  async #makeFile(): Promise<void> {
    const manifest = await this.folder.writeManifest(this.#state, (path, error) =>
      this.#log.warn({ path, err: error }, 'a captured file cannot be read and is left out'),
    )
    const result = await this.#environment.compose(this.folder, manifest, percent => {
      if (!this.#isClosed && this.#state.phase === 'ending') this.#apply({ type: 'composing', percent })
    })
    this.#apply({ type: 'composed', at: nowMs(), result })
    this.#log.info(result, 'recording finished')
  }

  #journal(entry: JournalEntry): void {
    this.folder.appendJournal(entry).catch(error => this.#handleDiskFault(error))
  }

  #apply(event: RecordingEvent): void {
    const before = this.#state
    const after = reduceRecording(before, event)
    if (after === before) return
    this.#state = after
    this.folder.writeState(after).catch(error => this.#handleDiskFault(error))
    this.#environment.onChange(before, after)
  }

  #handleDiskFault(error: unknown): void {
    if (this.#isClosed) return
    this.#log.error({ err: error }, 'the recording folder cannot be written')
    this.#session?.fail(
      `the disk does not take the recording: ${error instanceof Error ? error.message : error}`,
    )
  }
}
