import { AppError } from '@diemcau/core/errors.ts'
import type { Consumer, Producer } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { Carrier, Reach, TrackProducer } from '../track/published-track.ts'
import { SOCKET_BUFFER_BYTES } from '../worker/pooled-worker.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { within } from '../worker/within.ts'

/** A pipe nobody uses any more stays this long, so that paging back and forth does not build it anew, ms. */
const IDLE_PIPE_TTL_MS = 10_000
/** A pipe that is not up by then counts as failed, so that its users may try anew, ms. */
const OPEN_TIMEOUT_MS = 8_000

interface Pipe {
  users: number
  ready: Promise<{ pipeConsumer: Consumer; pipeProducer: Producer }>
  idleTimer: NodeJS.Timeout | undefined
}

/** Carries a room's producers to the routers that need them: once each, counted, closed late. */
export class Pipes implements Carrier {
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
   * Makes `producer` (at home in `home`) consumable in `target`. A copy has an id of its own: a worker knows each id once, and
   * the routers of two rooms between which a participant is forwarded may share a worker.
   */
  async acquire(producer: TrackProducer, home: RoomRouter, target: RoomRouter): Promise<Reach> {
    if (home === target) return { producerId: producer.id, release: () => {} }
    if (this.#isClosed) throw new AppError('unavailable', 'the room is closing')
    const key = `${producer.id}>${target.router.id}`
    let pipe = this.#pipes.get(key)
    if (!pipe) {
      const opened: Pipe = { users: 0, ready: this.#open(producer, home, target), idleTimer: undefined }
      pipe = opened
      this.#pipes.set(key, opened)
      // Only the entry itself is forgotten: by the time it ends another may have taken its place.
      opened.ready.then(
        ({ pipeProducer }) => {
          if (pipeProducer.closed) this.#forget(key, opened)
          else pipeProducer.observer.on('close', () => this.#forget(key, opened))
        },
        // A failure is told to each user by its own await below.
        () => this.#forget(key, opened),
      )
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
      const { pipeProducer } = await pipe.ready
      return { producerId: pipeProducer.id, release }
    } catch (error) {
      release()
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    for (const pipe of this.#pipes.values()) clearTimeout(pipe.idleTimer)
    // The pipes' ends live in the routers, which the room closes.
    this.#pipes.clear()
  }

  async #open(producer: TrackProducer, home: RoomRouter, target: RoomRouter) {
    const { pipeConsumer, pipeProducer } = await within(
      home.router.pipeToRouter({
        producerId: producer.id,
        router: target.router,
        keepId: false,
        enableSctp: false,
        listenInfo: {
          protocol: 'udp',
          ip: '127.0.0.1',
          sendBufferSize: SOCKET_BUFFER_BYTES,
          recvBufferSize: SOCKET_BUFFER_BYTES,
        },
      }),
      OPEN_TIMEOUT_MS,
      late => late.pipeConsumer?.close(),
    )
    if (!pipeConsumer || !pipeProducer) throw new AppError('internal', 'a pipe without ends')
    if (pipeProducer.closed) throw new AppError('track_not_found', 'the producer closed while it was piped')
    this.#keepPauseInStep(producer, pipeProducer)
    this.#logger.debug(
      { producerId: producer.id, from: home.worker.index, to: target.worker.index },
      'pipe opened',
    )
    return { pipeConsumer, pipeProducer }
  }

  /**
   * mediasoup carries pause and resume over by notifications of the pipe's consumer. One that arrives while the pipe's
   * other end is being made is lost, and the copy would stay silent for as long as the track lives.
   */
  #keepPauseInStep(producer: TrackProducer, copy: Producer): void {
    const follow = async () => {
      while (!copy.closed && !producer.closed && copy.paused !== producer.paused)
        await (producer.paused ? copy.pause() : copy.resume())
    }
    const followOrWarn = () =>
      void follow().catch(error => {
        if (!copy.closed) this.#logger.warn({ err: error, producerId: copy.id }, 'pause not carried over')
      })
    producer.observer.on('pause', followOrWarn)
    producer.observer.on('resume', followOrWarn)
    copy.observer.on('close', () => {
      producer.observer.off('pause', followOrWarn)
      producer.observer.off('resume', followOrWarn)
    })
    followOrWarn()
  }

  #release(key: string, pipe: Pipe): void {
    pipe.users -= 1
    if (pipe.users > 0 || this.#pipes.get(key) !== pipe || this.#isClosed) return
    pipe.idleTimer = setTimeout(() => {
      this.#forget(key, pipe)
      pipe.ready.then(
        ({ pipeConsumer }) => pipeConsumer.close(),
        () => {
          // It never opened; there is nothing to close.
        },
      )
    }, this.#idleTtlMs)
  }

  #forget(key: string, pipe: Pipe): void {
    clearTimeout(pipe.idleTimer)
    if (this.#pipes.get(key) === pipe) this.#pipes.delete(key)
  }
}
