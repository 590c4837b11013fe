import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import type { AnnouncedAddress } from '../../config.ts'
import { AnnouncedAddresses } from './announced-addresses.ts'
import { PooledWorker } from './pooled-worker.ts'
import { ResourceCount } from './resource-count.ts'

/** Waits before each further attempt to start a worker anew, ms; the last one repeats. */
const RESTART_DELAYS_MS = [0, 200, 500, 1_000, 3_000, 10_000]
/** How long a join waits when no worker is alive, ms. */
const PLACEMENT_TIMEOUT_MS = 10_000

export interface WorkerPoolOptions {
  workerBin?: string
  workerCount: number
  /** Addresses the media sockets bind; `::` means IPv6 only. */
  listenAddress: string | string[]
  /** Told to clients, preferred first; a bare address is for every client that no network of the others holds. */
  announcedAddresses: (string | AnnouncedAddress)[]
  firstMediaPort: number
  logger: Logger
}

/** The node's workers. One that dies is replaced on the same port; what lived in it is lost and reported by its owners. */
export class WorkerPool {
  readonly resources = new ResourceCount()
  readonly #options: WorkerPoolOptions
  readonly #announced: AnnouncedAddresses
  readonly #workers: (PooledWorker | undefined)[]
  readonly #restartTimers = new Map<number, NodeJS.Timeout>()
  readonly #starting = new Set<Promise<unknown>>()
  #waiting: (() => void)[] = []
  #isClosed = false

  private constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#announced = new AnnouncedAddresses(
      options.announcedAddresses.map(rule =>
        typeof rule === 'string' ? { network: undefined, address: rule } : rule,
      ),
    )
    this.#workers = new Array(options.workerCount).fill(undefined)
  }

  static async create(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options)
    try {
      await Promise.all(pool.#workers.map((_, index) => pool.#start(index)))
    } catch (error) {
      await pool.close()
      throw new AppError('media_start_failed', 'a media worker could not be started', { cause: error })
    }
    return pool
  }

  /** Those that should be there. */
  get wanted(): number {
    return this.#workers.length
  }

  get workers(): PooledWorker[] {
    return this.#workers.filter(worker => worker?.isAlive === true) as PooledWorker[]
  }

  /**
   * The least loaded worker, which spreads a room too; the caller counts its peer on it at once.
   * @throws AppError('unavailable') when no worker came up in time.
   */
  async place(): Promise<PooledWorker> {
    if (this.workers.length === 0 && !this.#isClosed) await this.#untilStarted()
    const [least] = this.workers.sort((a, b) => a.peers - b.peers || a.index - b.index)
    if (!least || this.#isClosed) throw new AppError('unavailable', 'no media worker is running')
    return least
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of this.#restartTimers.values()) clearTimeout(timer)
    this.#restartTimers.clear()
    this.#wake()
    await Promise.allSettled(this.#starting)
    await Promise.all(this.#workers.map(worker => worker?.close()))
  }

  async #start(index: number): Promise<void> {
    const { logger, workerBin, listenAddress, firstMediaPort } = this.#options
    const starting = PooledWorker.create({
      index,
      ...(workerBin ? { workerBin } : {}),
      listenAddresses: [listenAddress].flat(),
      announced: this.#announced,
      port: firstMediaPort + index,
      logger,
      resources: this.resources,
      onDied: error => {
        logger.error({ err: error, workerIndex: index }, 'media worker died')
        if (this.#workers[index] === undefined) return
        this.#workers[index] = undefined
        this.#restart(index, 0)
      },
    })
    this.#starting.add(starting)
    try {
      const worker = await starting
      this.#workers[index] = worker
      if (this.#isClosed) await worker.close()
      this.#wake()
    } finally {
      this.#starting.delete(starting)
    }
  }

  #restart(index: number, attempt: number): void {
    if (this.#isClosed) return
    const delay = RESTART_DELAYS_MS[Math.min(attempt, RESTART_DELAYS_MS.length - 1)]!
    const timer = setTimeout(() => {
      this.#restartTimers.delete(index)
      this.#start(index).catch(error => {
        this.#options.logger.error({ err: error, workerIndex: index, attempt }, 'media worker not restarted')
        this.#restart(index, attempt + 1)
      })
    }, delay)
    this.#restartTimers.set(index, timer)
  }

  #untilStarted(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, PLACEMENT_TIMEOUT_MS)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }
}
