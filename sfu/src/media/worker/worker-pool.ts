import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import type { AnnouncedAddress, WorkerPlacement } from '../../config.ts'
import { AnnouncedAddresses } from './announced-addresses.ts'
import { chooseWorker, type PlacementReason } from './choose-worker.ts'
import { PooledWorker } from './pooled-worker.ts'
import { ResourceCount } from './resource-count.ts'
import { estimateOf } from './worker-load.ts'

/** Waits before each further attempt to start a worker anew, ms; the last one repeats. */
const RESTART_DELAYS_MS = [0, 200, 500, 1_000, 3_000, 10_000]
/** How long a join waits when no worker is alive, ms. */
const PLACEMENT_TIMEOUT_MS = 10_000
/** Percent of a core. Beyond it packets wait for one another: what a burst needs must be left. */
const DEFAULT_WORKER_BUDGET = 75

export interface WorkerPoolOptions {
  workerBin?: string
  workerCount: number
  /** Addresses the media sockets bind; `::` means IPv6 only. */
  listenAddress: string | string[]
  /** Told to clients, preferred first; a bare address is for every client that no network of the others holds. */
  announcedAddresses: (string | AnnouncedAddress)[]
  firstMediaPort: number
  /** Percent of a core a worker is filled to before the next one is used; default 75. */
  workerBudget?: number | undefined
  /** `fill` (default): a room stays on as few workers as hold it. `spread`: everybody goes to the worker with the fewest people. */
  workerPlacement?: WorkerPlacement | undefined
  logger: Logger
}

/** Of a room, those of its peers on a worker. */
export interface PeersOfRoom {
  all: number
  mayPublish: number
}

/** Somebody on a worker, from before the connection is made until it has closed. */
export interface Placed {
  worker: PooledWorker
  /** Once: they have gone. */
  leave(): void
}

/** The node's workers. One that dies is replaced on the same port; what lived in it is lost and reported by its owners. */
export class WorkerPool {
  readonly resources = new ResourceCount()
  readonly #options: WorkerPoolOptions
  readonly #announced: AnnouncedAddresses
  readonly #workers: (PooledWorker | undefined)[]
  readonly #restartTimers = new Map<number, NodeJS.Timeout>()
  readonly #starting = new Set<Promise<unknown>>()
  readonly #placements: Partial<Record<PlacementReason, number>> = {}
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

  /** What a newcomer is expected to use, cores. */
  get estimate(): number {
    return estimateOf(this.workers.map(({ load, peers }) => ({ measured: load.measured, peers })))
  }

  /** How many were placed why since the start. */
  get placements(): Partial<Record<PlacementReason, number>> {
    return { ...this.#placements }
  }

  /**
   * Finds the worker for a peer and counts it there until it leaves (`leave`). `ofRoom` is asked when the choice is made.
   * @throws AppError('unavailable') when no worker came up in time.
   */
  async place(
    mayPublish: boolean,
    ofRoom: (worker: PooledWorker) => PeersOfRoom | undefined,
    logger: Logger,
  ): Promise<Placed> {
    const { worker, why, load, estimate } = await this.#choose(mayPublish, ofRoom)
    this.#placements[why] = (this.#placements[why] ?? 0) + 1
    worker.peers += 1
    const withdraw = worker.load.placed(estimate, performance.now())
    logger.info({ workerIndex: worker.index, why, load: rounded(load), mayPublish }, 'placed on a worker')
    return {
      worker,
      leave: () => {
        worker.peers -= 1
        withdraw()
      },
    }
  }

  /** A worker for what is no peer, by the same choice; nothing is counted. @throws as `place` */
  async workerFor(ofRoom: (worker: PooledWorker) => PeersOfRoom | undefined): Promise<PooledWorker> {
    return (await this.#choose(true, ofRoom)).worker
  }

  async #choose(mayPublish: boolean, ofRoom: (worker: PooledWorker) => PeersOfRoom | undefined) {
    if (this.workers.length === 0 && !this.#isClosed) await this.#untilStarted()
    const nowMs = performance.now()
    const workers = this.workers
    const estimate = this.estimate
    const choices = workers.map(worker => ({
      worker,
      index: worker.index,
      load: worker.load.at(nowMs),
      isFull: worker.load.isFull(nowMs),
      peers: worker.peers,
      ofRoom: ofRoom(worker)?.all ?? 0,
      publishersOfRoom: ofRoom(worker)?.mayPublish ?? 0,
    }))
    const isSpread = this.#options.workerPlacement === 'spread'
    const chosen = chooseWorker(choices, { mayPublish, estimate }, { budget: this.#budget, isSpread })
    if (!chosen || this.#isClosed) throw new AppError('unavailable', 'no media worker is running')
    const { worker, load } = chosen.worker
    return { worker, load, why: chosen.why, estimate }
  }

  /** Cores. */
  get #budget(): number {
    return (this.#options.workerBudget ?? DEFAULT_WORKER_BUDGET) / 100
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
      budget: this.#budget,
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

const rounded = (cores: number) => Math.round(cores * 1_000) / 1_000
