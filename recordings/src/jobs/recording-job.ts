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
import type { JobLease } from '../store/job-lease.ts'
import type { JobFolder } from '../store/job-store.ts'

const HEARTBEAT_MS = 2000
/** How often a recorder that shares its folder shows that it lives, and looks for what others want. */
const LEASE_MS = 1000
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
    signal: AbortSignal,
  ) => Promise<{ durationMs: number; sizeBytes: number }>
  /** Called after each change that is to be seen from outside, in order. */
  onChange: (before: RecordingState, after: RecordingState) => void
  log: Logger
}

/** A recording's right to be worked on here, where recorders share the folder. `onLost` is called once, when another one has it. */
export interface Tenure {
  lease: JobLease
  onLost: () => void
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
  #leaseTimer: NodeJS.Timeout | null = null
  #isRenewing = false
  readonly #abort = new AbortController()
  readonly #tenure: Tenure | null
  #isClosed = false
  #isLost = false

  /** Without `tenure` the folder is this process's alone. */
  constructor(
    folder: JobFolder,
    state: RecordingState,
    environment: JobEnvironment,
    tenure: Tenure | null = null,
  ) {
    this.#tenure = tenure
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
    if (this.#tenure) this.#leaseTimer = setInterval(() => void this.#keepLease(), LEASE_MS)
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
    this.#stopTimers()
    await this.#session?.close()
    // The composition ends by the abort signal of the process; it must not write after we are gone.
    await this.#composing
    if (isFinal(this.#state.phase) || this.#isLost) return
    await this.folder
      .writeState(this.#state)
      .catch(error => this.#log.error({ err: error }, 'the state could not be written'))
    await this.#tenure?.lease
      .release()
      .catch(error => this.#log.warn({ err: error }, 'the recording could not be let go, others wait for it'))
  }

  #stopTimers(): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    if (this.#leaseTimer) clearInterval(this.#leaseTimer)
  }

  async #keepLease(): Promise<void> {
    if (this.#isRenewing || this.#isClosed || !this.#tenure) return
    this.#isRenewing = true
    try {
      if (!(await this.#tenure.lease.renew())) return this.#lose()
      const { isStopWanted, layout } = await this.folder.readWishes()
      const isOpen = this.#state.phase === 'starting' || this.#state.phase === 'active'
      if (isOpen && layout && layout !== this.#state.layout) this.setLayout(layout)
      if (isStopWanted) this.stop()
    } catch (error) {
      // Where the folder is away for longer another one takes it, of which we hear when it is back.
      this.#log.warn({ err: error }, 'the lease of the recording could not be renewed')
    } finally {
      this.#isRenewing = false
    }
  }

  /** Whether a step that others hear of may be made here. Where that cannot be known it is left to whoever takes it up. */
  async #isOurs(): Promise<boolean> {
    if (!this.#tenure) return true
    try {
      if (!this.#isLost && (await this.#tenure.lease.renew())) return true
    } catch (error) {
      this.#log.error({ err: error }, 'the folder of the recording does not answer')
    }
    this.#lose()
    return false
  }

  /** Another recorder has it: all ends here without a word, and nothing written from now on counts. */
  #lose(): void {
    if (this.#isLost || this.#isClosed) return
    this.#isLost = true
    this.#isClosed = true
    this.#stopTimers()
    this.#abort.abort(new Error('another recorder has the recording'))
    this.#log.warn('another recorder has the recording, it is given up here')
    const session = this.#session
    this.#session = null
    void session
      ?.close()
      .catch(error => this.#log.warn({ err: error }, 'what was captured last is not whole'))
    this.#tenure?.onLost()
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
        term: this.folder.term,
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
    const settle = () => {
      this.#apply({ type: 'capture_ended', ...end })
      if (this.#state.phase === 'ending') this.#compose()
    }
    if (!this.#tenure) settle()
    else
      void this.#isOurs().then(isOurs => {
        if (isOurs && !this.#isClosed) settle()
      })
  }

  #compose(): void {
    if (this.#composing || this.#isClosed) return
    this.#composing = this.#makeFile().catch(async error => {
      // Stopping the process is no failure of the recording: the next one goes on with it.
      if (this.#isClosed || !(await this.#isOurs())) return
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
    const result = await this.#environment.compose(
      this.folder,
      manifest,
      percent => {
        if (!this.#isClosed && this.#state.phase === 'ending') this.#apply({ type: 'composing', percent })
      },
      this.#abort.signal,
    )
    if (!(await this.#isOurs())) return
    if (this.#tenure) await this.folder.removeLeftWork()
    this.#apply({ type: 'composed', at: nowMs(), result })
    this.#log.info(result, 'recording finished')
  }

  #journal(entry: JournalEntry): void {
    this.folder.appendJournal(entry).catch(error => this.#handleDiskFault(error))
  }

  #apply(event: RecordingEvent): void {
    if (this.#isLost) return
    const before = this.#state
    const after = reduceRecording(before, event)
    if (after === before) return
    this.#state = after
    if (isFinal(after.phase)) this.#stopTimers()
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
