import { createWorker } from 'mediasoup'
import type { IceCandidate, WebRtcServer, Worker } from 'mediasoup/types'
import type { Logger } from 'pino'

/** Bursts of many streams overflow the kernel's default of 208 KiB and lose up to half of the packets. */
export const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

export interface PooledWorkerOptions {
  index: number
  workerBin?: string
  listenAddress: string
  announcedAddresses: string[]
  /** UDP and TCP port of this worker. */
  port: number
  logger: Logger
  /** Called once when the process ended although nobody closed it. */
  onDied(error: Error): void
}

/** One mediasoup worker process with its one media port. */
export class PooledWorker {
  readonly index: number
  readonly worker: Worker
  readonly webRtcServer: WebRtcServer
  /** Peers placed here; kept by the rooms. */
  peers = 0
  readonly #announcedAddresses: string[]
  readonly #subprocessClosed: Promise<void>

  private constructor(options: PooledWorkerOptions, worker: Worker, webRtcServer: WebRtcServer) {
    this.index = options.index
    this.worker = worker
    this.webRtcServer = webRtcServer
    this.#announcedAddresses = options.announcedAddresses
    this.#subprocessClosed = new Promise(resolve => worker.on('subprocessclose', () => resolve()))
  }

  static async create(options: PooledWorkerOptions): Promise<PooledWorker> {
    const worker = await createWorker({
      logLevel: 'warn',
      ...(options.workerBin ? { workerBin: options.workerBin } : {}),
    })
    try {
      const announcedAddress = options.announcedAddresses[0]
      const listen = {
        ip: options.listenAddress,
        port: options.port,
        ...(announcedAddress ? { announcedAddress } : {}),
        sendBufferSize: SOCKET_BUFFER_BYTES,
        recvBufferSize: SOCKET_BUFFER_BYTES,
      }
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: [
          { protocol: 'udp', ...listen },
          { protocol: 'tcp', ...listen },
        ],
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

  /**
   * mediasoup knows one announced address a socket, but the socket is bound to all of them: the other addresses
   * get copies of the candidates, each a little less preferred than the one before.
   */
  withAllAddresses(candidates: IceCandidate[]): IceCandidate[] {
    return this.#announcedAddresses.flatMap((address, position) =>
      candidates.map(candidate => ({
        ...candidate,
        address,
        ip: address,
        foundation: position === 0 ? candidate.foundation : `${candidate.foundation}a${position}`,
        priority: Math.max(1, candidate.priority - position * 256),
      })),
    )
  }

  /** Resolves when the process is gone. */
  async close(): Promise<void> {
    this.worker.close()
    await this.#subprocessClosed
  }
}
