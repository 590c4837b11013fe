import { isIPv6 } from 'node:net'
import { createWorker } from 'mediasoup'
import type { IceCandidate, WebRtcServer, Worker } from 'mediasoup/types'
import type { Logger } from 'pino'
import { type AnnouncedAddresses, announcedCandidates } from './announced-addresses.ts'
import type { ResourceCount } from './resource-count.ts'
import { within } from './within.ts'
import { WorkerLoad } from './worker-load.ts'
import { WorkerWatch } from './worker-watch.ts'

/** Bursts of many streams overflow the kernel's default of 208 KiB and lose up to half of the packets. */
export const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

/** A process that has not ended by itself by then is killed, ms. The node's own stop takes no longer than 8 s. */
const CLOSE_LIMIT_MS = 2_000
/** A worker that takes longer to say what it uses is left out of the figures, ms. */
const USAGE_LIMIT_MS = 1_000

export interface PooledWorkerOptions {
  index: number
  workerBin?: string
  listenAddresses: string[]
  announced: AnnouncedAddresses
  /** UDP and TCP port of this worker. */
  port: number
  logger: Logger
  resources: ResourceCount
  /** Cores it is filled to. */
  budget: number
  /** Called once when the process ended although nobody closed it. */
  onDied(error: Error): void
}

/** One mediasoup worker process with its one media port. */
export class PooledWorker {
  readonly index: number
  readonly worker: Worker
  readonly webRtcServer: WebRtcServer
  /** Measured with each sign of life. */
  readonly load: WorkerLoad
  /** Peers placed here; kept by the rooms. */
  peers = 0
  readonly #announced: AnnouncedAddresses
  readonly #subprocessClosed: Promise<void>
  readonly #watch: WorkerWatch

  private constructor(options: PooledWorkerOptions, worker: Worker, webRtcServer: WebRtcServer) {
    this.index = options.index
    this.worker = worker
    this.webRtcServer = webRtcServer
    this.load = new WorkerLoad(options.budget)
    this.#announced = options.announced
    this.#subprocessClosed = new Promise(resolve => worker.on('subprocessclose', () => resolve()))
    this.#watch = new WorkerWatch(
      async () => {
        const { ru_utime, ru_stime } = await worker.getResourceUsage()
        this.load.sample(ru_utime + ru_stime, performance.now())
      },
      silentMs => {
        options.logger.error(
          { workerIndex: options.index, workerPid: worker.pid, silentMs },
          'media worker does not answer and is killed',
        )
        // From here on it is a worker that died: `onDied` is called and the pool replaces it.
        this.#kill()
      },
    )
  }

  static async create(options: PooledWorkerOptions): Promise<PooledWorker> {
    const worker = await createWorker({
      logLevel: 'warn',
      ...(options.workerBin ? { workerBin: options.workerBin } : {}),
    })
    outliveSignals(worker)
    options.resources.watch(worker)
    try {
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: options.listenAddresses.flatMap(ip => {
          const listen = {
            ip,
            port: options.port,
            // Otherwise `::` would take the port of IPv4 as well.
            flags: { ipv6Only: isIPv6(ip) },
            sendBufferSize: SOCKET_BUFFER_BYTES,
            recvBufferSize: SOCKET_BUFFER_BYTES,
          }
          return [
            { protocol: 'udp' as const, ...listen },
            { protocol: 'tcp' as const, ...listen },
          ]
        }),
      })
      worker.on('died', error => options.onDied(error))
      options.logger.info(
        { workerIndex: options.index, workerPid: worker.pid, port: options.port },
        'media worker started',
      )
      return new PooledWorker(options, worker, webRtcServer)
    } catch (error) {
      worker.close()
      throw error
    }
  }

  get isAlive(): boolean {
    return !this.worker.closed
  }

  /** A transport's candidates as told to a client of this address. */
  candidatesFor(client: string, candidates: IceCandidate[]): IceCandidate[] {
    return announcedCandidates(candidates, this.#announced.for(client))
  }

  /** Processor time since its start, ms, and the most memory it has had; null when it does not answer within a second. */
  async usage(): Promise<{ cpuMs: number; peakMemoryBytes: number } | null> {
    const asking = this.worker.getResourceUsage()
    const usage = await within(asking, USAGE_LIMIT_MS, () => {}).catch(() => null)
    if (!usage) return null
    // getrusage(2): kilobytes.
    return { cpuMs: usage.ru_utime + usage.ru_stime, peakMemoryBytes: usage.ru_maxrss * 1024 }
  }

  /** Resolves when the process is gone: one that hangs is killed. */
  async close(): Promise<void> {
    this.#watch.stop()
    this.worker.close()
    const cut = setTimeout(() => this.#kill(), CLOSE_LIMIT_MS)
    await this.#subprocessClosed
    clearTimeout(cut)
  }

  #kill(): void {
    try {
      process.kill(this.worker.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
}

/**
 * mediasoup closes a worker by itself when this process is told to end (its Worker.ts, `onSignal`). People are led to other nodes first, and see
 * and hear meanwhile: whoever owns the worker closes it when its turn comes.
 */
function outliveSignals(worker: Worker): void {
  const { onSignal } = worker as Worker & { onSignal?: NodeJS.SignalsListener }
  if (!onSignal) return
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal)
}
