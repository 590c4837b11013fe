import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import type {
  CaptureMedia,
  MediaCloseReason,
  PeerMedia,
  PeerMediaListener,
  PeerMediaOptions,
  RoomMedia,
  RoomMediaListener,
} from '../room/ports.ts'
import { Capture } from './capture-media.ts'
import { Peer } from './peer-media.ts'
import { Pipes } from './pipes.ts'
import type { PooledWorker } from './pooled-worker.ts'
import { RoomRouter } from './room-router.ts'
import { Speakers } from './speakers.ts'
import { TrackDirectory } from './track-directory.ts'
import type { WorkerPool } from './worker-pool.ts'

/** A room's media over all workers of the node: a router on each worker that has one of its peers. */
export class MediasoupRoom implements RoomMedia {
  readonly #pool: WorkerPool
  readonly #logger: Logger
  readonly #listener: RoomMediaListener
  readonly #onClosed: () => void
  readonly #routers = new Map<PooledWorker, Promise<RoomRouter>>()
  readonly #peers = new Set<Peer>()
  readonly #captures = new Set<Capture>()
  readonly #directory = new TrackDirectory()
  readonly #pipes: Pipes
  readonly #speakers: Speakers
  #isClosed = false

  constructor(
    roomId: RoomId,
    pool: WorkerPool,
    logger: Logger,
    listener: RoomMediaListener,
    onClosed: () => void,
  ) {
    this.#pool = pool
    this.#logger = logger.child({ roomId })
    this.#listener = listener
    this.#onClosed = onClosed
    this.#pipes = new Pipes(this.#logger)
    this.#speakers = new Speakers(this.#directory, speakers => {
      if (!this.#isClosed) listener.onSpeakers(speakers)
    })
  }

  /** For tests and metrics: pipes open between this room's routers. */
  get pipeCount(): number {
    return this.#pipes.size
  }

  async openPeer(options: PeerMediaOptions, listener: PeerMediaListener): Promise<PeerMedia> {
    this.#assertOpen()
    const worker = await this.#pool.place()
    worker.peers += 1
    try {
      const home = await this.#routerOn(worker)
      this.#assertOpen()
      if (home.router.closed) throw new AppError('unavailable', 'the worker died while the peer joined')
      const peer = new Peer(
        options,
        home,
        this.#directory,
        this.#pipes,
        this.#logger.child({ participantId: options.participantId }),
        listener,
        {
          onDemand: (trackId, demand) => {
            if (!this.#isClosed) this.#listener.onDemandChanged(options.participantId, trackId, demand)
          },
          onClosed: closed => {
            if (this.#peers.delete(closed)) worker.peers -= 1
          },
        },
      )
      this.#peers.add(peer)
      return peer
    } catch (error) {
      worker.peers -= 1
      // Whatever failed, it failed because of the worker, and another try will find another one.
      if (!worker.isAlive && !this.#isClosed)
        throw new AppError('unavailable', 'the worker died while the peer joined', { cause: error })
      throw error
    }
  }

  openCapture(): CaptureMedia {
    this.#assertOpen()
    const capture = new Capture(this.#directory, this.#logger, closed => this.#captures.delete(closed))
    this.#captures.add(capture)
    return capture
  }

  forward(source: RoomMedia, trackId: TrackId, participantId: ParticipantId): () => void {
    this.#assertOpen()
    if (!(source instanceof MediasoupRoom)) throw new AppError('internal', 'a room of another media side')
    // The track itself is shared: what the consumers of both rooms want of it comes together there by itself.
    const track = source.#directory.get(trackId)
    const leaveDirectory = this.#directory.addForwarded(track, participantId)
    const unfollow = track.kind === 'audio' ? this.#speakers.follow(source.#speakers) : () => {}
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      leaveDirectory()
      unfollow()
      // Subscribers are told by the room; a recorder that does not let go by itself must not go on.
      for (const capture of this.#captures) void capture.release(trackId)
    }
  }

  async close(reason: MediaCloseReason): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#speakers.close()
    await Promise.all([...this.#captures].map(capture => capture.close()))
    await Promise.all([...this.#peers].map(peer => peer.close(reason)))
    this.#pipes.close()
    for (const router of this.#routers.values()) {
      router.then(
        r => r.close(),
        () => {
          // It was never made.
        },
      )
    }
    this.#routers.clear()
    this.#onClosed()
  }

  #routerOn(worker: PooledWorker): Promise<RoomRouter> {
    const existing = this.#routers.get(worker)
    if (existing) return existing
    const key = {}
    const making = RoomRouter.create(worker, this.#logger, volumes => this.#speakers.hear(key, volumes)).then(
      room => {
        if (this.#isClosed) room.close()
        room.router.on('workerclose', () => {
          this.#speakers.forget(key)
          this.#routers.delete(worker)
          for (const peer of [...this.#peers]) if (peer.home === room) peer.lose()
        })
        return room
      },
      error => {
        this.#routers.delete(worker)
        throw error
      },
    )
    this.#routers.set(worker, making)
    return making
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('closed', "the room's media is closed")
  }
}
