import { AppError } from '@diemcau/core/errors.ts'
import { newEgressId } from '@diemcau/core/ids.ts'
import {
  isFinal,
  newRecording,
  type RecordingLayout,
  type RecordingPhase,
  type RecordingState,
  recordingPhase,
  reduceRecording,
} from '@diemcau/core/recording/status.ts'
import { nowMs } from '../capture/clock.ts'
import { JobLease, readClaim } from '../store/job-lease.ts'
import { isEgressId, JobFolder, listJobFolders } from '../store/job-store.ts'
import { type JobEnvironment, RecordingJob } from './recording-job.ts'

/** Where recorders share the folder of recordings (decision 0035). */
export interface Sharing {
  /** Of this process, for who reads the folder. */
  owner: string
  /** How many recordings this process works on at a time; it takes more only when nobody else takes up what was left. */
  places: number
}

/** A recording as it is known here; `own` is null where another recorder works on it. */
export interface KnownJob {
  folder: JobFolder
  state: RecordingState
  own: RecordingJob | null
}

/** How often a shared folder is looked at for what others have left, ms. */
const SCAN_MS = 1000
/** Of a recorder that has not shown for this long that it lives the recordings are taken over, ms by our own clock. */
const LAPSE_MS = 5000

/**
 * All recordings of this process, running and finished; of a shared folder those of all recorders. Closing it leaves running ones to
 * the next process, or to the other ones.
 */
export class JobRegistry {
  readonly #root: string
  readonly #environment: JobEnvironment
  readonly #sharing: Sharing | null
  readonly #jobs = new Map<string, RecordingJob>()
  /** Of others, and finished ones, as last seen. */
  readonly #foreign = new Map<string, KnownJob>()
  /** What their claims said, and since when. */
  readonly #beats = new Map<string, { text: string; sinceMs: number }>()
  #scanTimer: NodeJS.Timeout | null = null
  #scanning: Promise<void> = Promise.resolve()
  #isClosed = false
  /** Recordings taken over from other recorders, and those lost to others, since the start. */
  readonly turns = { taken: 0, lost: 0 }

  private constructor(root: string, environment: JobEnvironment, sharing: Sharing | null) {
    this.#root = root
    this.#environment = environment
    this.#sharing = sharing
  }

  /**
   * Reads what is on the disk and goes on with what is not finished; in a shared folder with what nobody else works on. A folder that
   * cannot be read or written costs its own recording only: that one is told as failed, the others go on.
   */
  static async create(
    root: string,
    environment: JobEnvironment,
    sharing: Sharing | null = null,
  ): Promise<JobRegistry> {
    const registry = new JobRegistry(root, environment, sharing)
    if (sharing) await registry.#scanAndWait()
    else for (const egressId of await listJobFolders(root)) await registry.#takeUp(egressId)
    return registry
  }

  async #takeUp(egressId: string): Promise<void> {
    const { log } = this.#environment
    const found = await JobFolder.find(this.#root, egressId)
    if (!found) {
      log.warn({ egressId }, 'folder without a readable state is left alone')
      return
    }
    const job = new RecordingJob(found.folder, found.state, this.#environment)
    this.#jobs.set(egressId, job)
    await job.start().catch(error => job.failToStart(error))
  }

  // A shared folder ---------------------------------------------------------------------------------------------------

  async #scanAndWait(): Promise<void> {
    this.#scanning = this.#scan().catch(error =>
      this.#environment.log.error({ err: error }, 'the folder of recordings cannot be read'),
    )
    await this.#scanning
    if (!this.#isClosed) this.#scanTimer = setTimeout(() => void this.#scanAndWait(), SCAN_MS)
  }

  async #scan(): Promise<void> {
    const found = new Set(await listJobFolders(this.#root))
    for (const [egressId, job] of this.#jobs)
      if (!found.has(egressId) && isFinal(job.state.phase)) this.#jobs.delete(egressId)
    for (const egressId of this.#foreign.keys()) if (!found.has(egressId)) this.#foreign.delete(egressId)
    for (const egressId of found) {
      if (this.#isClosed) return
      if (this.#jobs.has(egressId)) continue
      const known = await this.#look(egressId)
      if (known && !isFinal(known.state.phase)) await this.#mayTakeOver(egressId, known)
    }
  }

  /** As the folder says now; what is final stays so and is not read again. */
  async #look(egressId: string): Promise<KnownJob | null> {
    const before = this.#foreign.get(egressId)
    if (before && isFinal(before.state.phase)) return before
    const found = await JobFolder.find(this.#root, egressId)
    if (!found) return null
    const known = { ...found, own: null }
    this.#foreign.set(egressId, known)
    return known
  }

  async #mayTakeOver(egressId: string, { folder }: KnownJob): Promise<void> {
    const { log } = this.#environment
    try {
      const claim = await readClaim(folder.path)
      const text = claim ? `${claim.term} ${claim.beat}` : ''
      const before = this.#beats.get(egressId)
      const now = performance.now()
      const since = before?.text === text ? before : { text, sinceMs: now }
      this.#beats.set(egressId, since)
      const isLeft = !claim || claim.isReleased
      const silentMs = now - since.sinceMs
      // Where all are full one of them takes it nevertheless: too much is better than no recording.
      const patienceMs = (isLeft ? 0 : LAPSE_MS) + (this.free > 0 ? 0 : LAPSE_MS)
      if (silentMs < patienceMs) return
      await this.#claim(egressId, folder, (claim?.term ?? folder.term) + 1)
    } catch (error) {
      log.warn({ egressId, err: error }, 'a recording of another recorder cannot be looked at')
    }
  }

  async #claim(egressId: string, former: JobFolder, term: number): Promise<void> {
    if (this.#isClosed) return
    const lease = await JobLease.claim(former.path, term, this.#sharing?.owner ?? '')
    if (!lease) return
    const found = await JobFolder.find(this.#root, egressId)
    if (!found || isFinal(found.state.phase)) return
    const { state } = found
    const folder = new JobFolder(this.#root, egressId, term)
    this.#environment.log.warn({ egressId, term }, 'a recording that was left is taken over')
    const job = this.#tenant(folder, state, lease)
    this.turns.taken += 1
    this.#foreign.delete(egressId)
    this.#beats.delete(egressId)
    await job.start().catch(error => job.failToStart(error))
  }

  #tenant(folder: JobFolder, state: RecordingState, lease: JobLease): RecordingJob {
    const { egressId } = state
    const job = new RecordingJob(folder, state, this.#environment, {
      lease,
      onLost: () => {
        this.turns.lost += 1
        this.#jobs.delete(egressId)
      },
    })
    this.#jobs.set(egressId, job)
    return job
  }

  /** How many recordings more this process takes. */
  get free(): number {
    return Math.max(0, (this.#sharing?.places ?? Number.POSITIVE_INFINITY) - this.running)
  }

  /** Begins a recording. @throws AppError `disk_full`, `closed`, `resource_exhausted`. */
  async startRecording(options: {
    roomName: string
    layout: RecordingLayout
    request: unknown
  }): Promise<RecordingState> {
    if (this.#isClosed) throw new AppError('closed', 'the recorder is stopping')
    if (this.free <= 0) throw new AppError('resource_exhausted', 'the recorder has no place left')
    const egressId = newEgressId()
    const folder = new JobFolder(this.#root, egressId, this.#sharing ? 1 : 0)
    const state = newRecording({ ...options, egressId, at: nowMs() })
    let job: RecordingJob | null = null
    if (!this.#sharing) {
      job = new RecordingJob(folder, state, this.#environment)
      this.#jobs.set(egressId, job)
    }
    try {
      await folder.create()
      const free = await folder.freeBytes()
      if (free < this.#environment.minFreeBytes)
        throw new AppError(
          'disk_full',
          `only ${Math.round(free / 1e6)} MB are free on the disk for recordings`,
        )
      if (this.#sharing) {
        const lease = await JobLease.claim(folder.path, 1, this.#sharing.owner)
        if (!lease) throw new AppError('closed', 'the folder of the recording was taken away')
        job = this.#tenant(folder, state, lease)
      }
      await job?.start()
    } catch (error) {
      // Whoever asked hears of it; nothing of it stays that could be taken for a recording.
      this.#jobs.delete(egressId)
      await folder.remove().catch(() => undefined)
      throw error
    }
    return job?.state ?? state
  }

  /** @throws AppError('not_found') */
  async get(egressId: string): Promise<KnownJob> {
    const job = isEgressId(egressId) ? this.#jobs.get(egressId) : undefined
    if (job) return { folder: job.folder, state: job.state, own: job }
    const known = this.#sharing && isEgressId(egressId) ? await this.#look(egressId) : null
    if (!known) throw new AppError('not_found', 'egress does not exist')
    return known
  }

  /** Ends the capture, here or at whoever has it within a second. @throws AppError('not_found') */
  async stop(egressId: string): Promise<RecordingState> {
    const { folder, own } = await this.get(egressId)
    // Written first: when we are killed after the answer, whoever takes it over ends it.
    if (this.#sharing) await folder.wishStop()
    own?.stop()
    return (await this.get(egressId)).state
  }

  /** @throws AppError `not_found`, `recording_transition`. */
  async setLayout(egressId: string, layout: RecordingLayout): Promise<RecordingState> {
    const { folder, own, state } = await this.get(egressId)
    if (this.#sharing) {
      reduceRecording(state, { type: 'layout_changed', layout })
      await folder.wishLayout(layout)
    }
    own?.setLayout(layout)
    return own?.state ?? { ...state, layout }
  }

  /** Newest first. */
  async list(filter: {
    roomName?: string
    egressId?: string
    isActive?: boolean
  }): Promise<RecordingState[]> {
    const states = [...this.#jobs.values()].map(job => job.state)
    if (this.#sharing)
      for (const egressId of await listJobFolders(this.#root))
        if (!this.#jobs.has(egressId)) {
          const known = await this.#look(egressId)
          if (known) states.push(known.state)
        }
    return states
      .filter(
        state =>
          (!filter.roomName || state.roomName === filter.roomName) &&
          (!filter.egressId || state.egressId === filter.egressId) &&
          (!filter.isActive || !isFinal(state.phase)),
      )
      .sort((a, b) => b.requestedAtMs - a.requestedAtMs)
  }

  /** Those that are worked on here and not over. */
  get running(): number {
    return [...this.#jobs.values()].filter(job => !isFinal(job.state.phase)).length
  }

  /** How many are in each phase, those that are over too, and of how many the room is captured at this moment. */
  counts(): { phases: Record<RecordingPhase, number>; attached: number } {
    const phases = Object.fromEntries(recordingPhase.options.map(phase => [phase, 0])) as Record<
      RecordingPhase,
      number
    >
    let attached = 0
    for (const job of this.#jobs.values()) {
      phases[job.state.phase] += 1
      if (job.isAttached) attached += 1
    }
    return { phases, attached }
  }

  /** Removes all files of a finished recording. @throws AppError `not_found`, `recording_running`. */
  async remove(egressId: string): Promise<void> {
    const { folder, state, own } = await this.get(egressId)
    if (!isFinal(state.phase))
      throw new AppError('recording_running', 'a recording that is not finished cannot be deleted')
    await own?.close()
    await folder.remove()
    // Only now: files that could not be removed must be found again by whoever asks again.
    this.#jobs.delete(egressId)
    this.#foreign.delete(egressId)
  }

  /** Idempotent. Running compositions must have been aborted by the caller. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#scanTimer) clearTimeout(this.#scanTimer)
    await this.#scanning
    await Promise.all([...this.#jobs.values()].map(job => job.close()))
  }
}
