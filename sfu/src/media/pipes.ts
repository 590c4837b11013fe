import { AppError } from '@diemcau/core/errors.ts'
import type { Consumer, Producer } from 'mediasoup/types'
import type { Logger } from 'pino'
import { SOCKET_BUFFER_BYTES } from './pooled-worker.ts'
import type { RoomRouter } from './room-router.ts'

/** A pipe nobody uses any more stays this long, so that paging back and forth does not build it anew, ms. */
const IDLE_PIPE_TTL_MS = 10_000

interface Pipe {
  users: number
  ready: Promise<{ pipeConsumer: Consumer; pipeProducer: Producer }>
  idleTimer: NodeJS.Timeout | undefined
}

/** Carries a room's producers to the routers that need them: once each, counted, closed late. */
export class Pipes {
  readonly #pipes = new Map<string, Pipe>()
  readonly #logger: Logger
  readonly #idleTtlMs: number
  #isClosed = false

  constructor(logger: Logger, idleTtlMs = IDLE_PIPE_TTL_MS) {
    this.#logger = logger
    this.#idleTtlMs = idleTtlMs
  }

  get size(): number {
    return this.#pipes.size
  }

  /**
   * Makes `producer` (at home in `home`) consumable in `target`, under its own id. The caller calls the returned
   * `release` once when it needs it no more.
   */
  async acquire(producer: Producer, home: RoomRouter, target: RoomRouter): Promise<() => void> {
    if (home === target) return () => {}
    if (this.#isClosed) throw new AppError('unavailable', 'the room is closing')
    const key = `${producer.id}>${target.router.id}`
    let pipe = this.#pipes.get(key)
    if (!pipe) {
      pipe = { users: 0, ready: this.#open(key, producer, home, target), idleTimer: undefined }
      // A failure is told to each user by its own await below.
      pipe.ready.catch(() => {})
      this.#pipes.set(key, pipe)
    }
    clearTimeout(pipe.idleTimer)
    pipe.users += 1
    let isReleased = false
    const release = () => {
      if (isReleased) return
      isReleased = true
      this.#release(key, pipe)
    }
    try {
      await pipe.ready
    } catch (error) {
      release()
      throw error
    }
    return release
  }

  close(): void {
    this.#isClosed = true
    for (const pipe of this.#pipes.values()) clearTimeout(pipe.idleTimer)
    // The pipes' ends live in the routers, which the room closes.
    this.#pipes.clear()
  }

  async #open(key: string, producer: Producer, home: RoomRouter, target: RoomRouter) {
    try {
      const { pipeConsumer, pipeProducer } = await home.router.pipeToRouter({
        producerId: producer.id,
        router: target.router,
        enableSctp: false,
        listenInfo: {
          protocol: 'udp',
          ip: '127.0.0.1',
          sendBufferSize: SOCKET_BUFFER_BYTES,
          recvBufferSize: SOCKET_BUFFER_BYTES,
        },
      })
      if (!pipeConsumer || !pipeProducer) throw new AppError('internal', 'a pipe without ends')
      pipeProducer.observer.on('close', () => this.#forget(key))
      if (pipeProducer.closed) throw new AppError('track_not_found', 'the producer closed while it was piped')
      this.#logger.debug(
        { producerId: producer.id, from: home.worker.index, to: target.worker.index },
        'pipe opened',
      )
      return { pipeConsumer, pipeProducer }
    } catch (error) {
      this.#forget(key)
      throw error
    }
  }

  #release(key: string, pipe: Pipe): void {
    pipe.users -= 1
    if (pipe.users > 0 || this.#pipes.get(key) !== pipe || this.#isClosed) return
    pipe.idleTimer = setTimeout(() => {
      this.#forget(key)
      pipe.ready.then(
        ({ pipeConsumer }) => pipeConsumer.close(),
        () => {
          // It never opened; there is nothing to close.
        },
      )
    }, this.#idleTtlMs)
  }

  #forget(key: string): void {
    clearTimeout(this.#pipes.get(key)?.idleTimer)
    this.#pipes.delete(key)
  }
}
