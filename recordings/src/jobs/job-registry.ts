import { AppError } from '@diemcau/core/errors.ts'
import { newEgressId } from '@diemcau/core/ids.ts'
import {
  isFinal,
  newRecording,
  type RecordingLayout,
  type RecordingPhase,
  type RecordingState,
  recordingPhase,
} from '@diemcau/core/recording/status.ts'
import { nowMs } from '../capture/clock.ts'
import { isEgressId, JobFolder, listJobFolders } from '../store/job-store.ts'
import { type JobEnvironment, RecordingJob } from './recording-job.ts'

/** All recordings of this process, running and finished. Closing it leaves running ones to the next process. */
export class JobRegistry {
  readonly #root: string
  readonly #environment: JobEnvironment
  readonly #jobs = new Map<string, RecordingJob>()
  #isClosed = false

  private constructor(root: string, environment: JobEnvironment) {
    this.#root = root
    this.#environment = environment
  }

  /**
   * Reads what is on the disk and goes on with what is not finished. A folder that cannot be read or written costs its
   * own recording only: that one is told as failed, the others go on.
   */
  static async create(root: string, environment: JobEnvironment): Promise<JobRegistry> {
    const registry = new JobRegistry(root, environment)
    for (const egressId of await listJobFolders(root)) await registry.#takeUp(egressId)
    return registry
  }

  async #takeUp(egressId: string): Promise<void> {
    const { log } = this.#environment
    const folder = new JobFolder(this.#root, egressId)
    const state = await folder.readState()
    if (!state || state.egressId !== egressId) {
      log.warn({ egressId }, 'folder without a readable state is left alone')
      return
    }
    const job = new RecordingJob(folder, state, this.#environment)
    this.#jobs.set(egressId, job)
    await job.start().catch(error => job.failToStart(error))
  }

  /** Begins a recording. @throws AppError `disk_full`, `closed`. */
  async startRecording(options: {
    roomName: string
    layout: RecordingLayout
    request: unknown
  }): Promise<RecordingState> {
    if (this.#isClosed) throw new AppError('closed', 'the recorder is stopping')
    const egressId = newEgressId()
    const folder = new JobFolder(this.#root, egressId)
    const state = newRecording({ ...options, egressId, at: nowMs() })
    const job = new RecordingJob(folder, state, this.#environment)
    this.#jobs.set(egressId, job)
    try {
      await folder.create()
      const free = await folder.freeBytes()
      if (free < this.#environment.minFreeBytes)
        throw new AppError(
          'disk_full',
          `only ${Math.round(free / 1e6)} MB are free on the disk for recordings`,
        )
      await job.start()
    } catch (error) {
      // Whoever asked hears of it; nothing of it stays that could be taken for a recording.
      this.#jobs.delete(egressId)
      await folder.remove().catch(() => undefined)
      throw error
    }
    return job.state
  }

  /** @throws AppError('not_found') */
  get(egressId: string): RecordingJob {
    const job = isEgressId(egressId) ? this.#jobs.get(egressId) : undefined
    if (!job) throw new AppError('not_found', 'egress does not exist')
    return job
  }

  /** Newest first. */
  list(filter: { roomName?: string; egressId?: string; isActive?: boolean }): RecordingState[] {
    return [...this.#jobs.values()]
      .map(job => job.state)
      .filter(
        state =>
          (!filter.roomName || state.roomName === filter.roomName) &&
          (!filter.egressId || state.egressId === filter.egressId) &&
          (!filter.isActive || !isFinal(state.phase)),
      )
      .sort((a, b) => b.requestedAtMs - a.requestedAtMs)
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
    const job = this.get(egressId)
    if (!isFinal(job.state.phase))
      throw new AppError('recording_running', 'a recording that is not finished cannot be deleted')
    await job.close()
    await job.folder.remove()
    // Only now: files that could not be removed must be found again by whoever asks again.
    this.#jobs.delete(egressId)
  }

  /** Idempotent. Running compositions must have been aborted by the caller. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#jobs.values()].map(job => job.close()))
  }
}
