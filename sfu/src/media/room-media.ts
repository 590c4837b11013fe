import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import type { NodeMedia, PipeSignals } from '../room/base/node-media.ts'
import type {
  CaptureMedia,
  CaptureMediaListener,
  MediaCloseReason,
  PeerMedia,
  PeerMediaListener,
  PeerMediaOptions,
  RoomMedia,
  RoomMediaListener,
  VoiceFigures,
} from '../room/base/ports.ts'
import { Capture } from './capture-media.ts'
import { RoomNodeMedia } from './link/node-media.ts'
import type { PipeEnd, PipeListen } from './link/pair-ends.ts'
import { Pipes } from './link/pipes.ts'
import { Peer } from './peer-media.ts'
import { HeardSpeakers } from './track/heard-speakers.ts'
import { TrackDirectory } from './track/track-directory.ts'
import { RoomVoices } from './voices/room-voices.ts'
import { PartingTransports } from './worker/parting-transports.ts'
import type { PooledWorker } from './worker/pooled-worker.ts'
import { RoomRouter } from './worker/room-router.ts'
import type { PeersOfRoom, WorkerPool } from './worker/worker-pool.ts'

/** What a room needs of the node it is on. */
export interface RoomOwner {
  /** Where tracks come from other nodes; undefined: this node is alone. */
  pipes: PipeListen | undefined
  /** Microphones that are heard at once in a room. */
  voices: number
  /** Rising, never the same twice in this process. */
  nextSerial: () => number
  onClosed: () => void
}

/** A room's media over all workers of the node: a router on each worker that has one of its peers. */
export class MediasoupRoom implements RoomMedia {
  readonly id: RoomId
  readonly #pool: WorkerPool
  readonly #logger: Logger
  readonly #listener: RoomMediaListener
  readonly #owner: RoomOwner
  readonly #routers = new Map<PooledWorker, Promise<RoomRouter>>()
  readonly #peers = new Set<Peer>()
  readonly #placed = new Map<PooledWorker, PeersOfRoom>()
  readonly #onWorker = (worker: PooledWorker) => this.#placed.get(worker)
  readonly #parting = new PartingTransports()
  readonly #captures = new Set<Capture>()
  readonly #voices: RoomVoices
  readonly #directory: TrackDirectory
  readonly #pipes: Pipes
  readonly #speakers: HeardSpeakers
  #nodes: RoomNodeMedia | undefined
  #isClosed = false
  #closing: Promise<void> | undefined

  constructor(
    roomId: RoomId,
    pool: WorkerPool,
    logger: Logger,
    listener: RoomMediaListener,
    owner: RoomOwner,
  ) {
    this.id = roomId
    this.#pool = pool
    this.#logger = logger.child({ roomId })
    this.#listener = listener
    this.#owner = owner
    this.#pipes = new Pipes(this.#logger)
    this.#directory = new TrackDirectory({
      added: track => this.#voices.add(track),
      removed: track => this.#voices.remove(track),
    })
    this.#voices = new RoomVoices({
      most: owner.voices,
      publisherOf: track => this.#directory.publisherOf(track),
      hasFloor: participantId => listener.hasFloor(participantId),
      onChanged: changed => {
        for (const peer of this.#peers) peer.voicesChanged(changed)
      },
      now: () => performance.now(),
    })
    this.#speakers = new HeardSpeakers(this.#directory, speakers => {
      if (!this.#isClosed) listener.onSpeakers(speakers)
    })
  }

  /** For tests and metrics: pipes open between this room's routers. */
  get pipeCount(): number {
    return this.#pipes.size
  }

  /** Tracks carried between workers, and those landed from other nodes. */
  get carriedCount(): number {
    return this.#pipes.size + (this.#nodes?.landingCount ?? 0)
  }

  /** Of this room. */
  voiceFigures(): VoiceFigures {
    const figures = { ...this.#voices.figures(), running: 0, held: 0 }
    for (const peer of this.#peers) {
      const { running, held } = peer.countSound()
      figures.running += running
      figures.held += held
    }
    return figures
  }

  checkFloor(): void {
    this.#voices.checkFloor()
  }

  /** Pairs that are open to other nodes. */
  nodeEnds(): PipeEnd[] {
    return this.#nodes?.ends() ?? []
  }

  async openPeer(options: PeerMediaOptions, listener: PeerMediaListener): Promise<PeerMedia> {
    this.#assertOpen()
    const { participantId, mayPublish = true } = options
    const logger = this.#logger.child({ participantId })
    const { worker, leave } = await this.#pool.place(mayPublish, this.#onWorker, logger)
    const uncount = this.#count(worker, mayPublish)
    const forget = () => {
      leave()
      uncount()
    }
    try {
      const home = await this.#routerOn(worker)
      this.#assertOpen()
      if (home.router.closed) throw new AppError('unavailable', 'the worker died while the peer joined')
      const peer = new Peer(options, home, this.#directory, this.#pipes, this.#voices, logger, listener, {
        onDemand: (trackId, demand) => {
          if (!this.#isClosed) this.#listener.onDemandChanged(participantId, trackId, demand)
        },
        part: (transport, graceMs) => this.#parting.part(transport, graceMs),
        onClosed: closed => {
          if (this.#peers.delete(closed)) forget()
        },
      })
      this.#peers.add(peer)
      return peer
    } catch (error) {
      forget()
      // Whatever failed, it failed because of the worker, and another try will find another one.
      if (!worker.isAlive && !this.#isClosed)
        throw new AppError('unavailable', 'the worker died while the peer joined', { cause: error })
      throw error
    }
  }

  openCapture(listener: CaptureMediaListener): CaptureMedia {
    this.#assertOpen()
    const room = {
      directory: this.#directory,
      carrier: this.#pipes,
      place: async () => await this.#routerOn(await this.#pool.workerFor(this.#onWorker)),
    }
    const capture = new Capture(room, this.#logger, listener, closed => this.#captures.delete(closed))
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
      this.#nodes?.handleForwardEnded(track)
      unfollow()
      // Subscribers are told by the room; a recorder that does not let go by itself must not go on.
      for (const capture of this.#captures) void capture.release(trackId)
    }
  }

  connectNodes(signals: PipeSignals, mayHave: (node: string, trackId: TrackId) => boolean): NodeMedia {
    this.#assertOpen()
    const { pipes, nextSerial } = this.#owner
    if (!pipes) throw new AppError('failed_precondition', 'this node has no address for media between nodes')
    if (this.#nodes) throw new AppError('already_exists', 'the room is connected to its nodes')
    const logger = this.#logger
    this.#nodes = new RoomNodeMedia({
      directory: this.#directory,
      signals,
      mayHave,
      listen: pipes,
      nextSerial,
      logger,
    })
    return this.#nodes
  }

  close(reason: MediaCloseReason): Promise<void> {
    this.#closing ??= this.#close(reason)
    return this.#closing
  }

  async #close(reason: MediaCloseReason): Promise<void> {
    this.#isClosed = true
    this.#speakers.close()
    this.#voices.close()
    this.#nodes?.close()
    await Promise.all([...this.#captures].map(capture => capture.close()))
    await Promise.all([...this.#peers].map(peer => peer.close(reason)))
    this.#pipes.close()
    await this.#parting.over()
    for (const router of this.#routers.values()) {
      router.then(
        r => r.close(),
        () => {
          // It was never made.
        },
      )
    }
    this.#routers.clear()
    this.#owner.onClosed()
  }

  /** Counts a peer of this room on that worker; what is returned takes it back. */
  #count(worker: PooledWorker, mayPublish: boolean): () => void {
    const placed = this.#placed.get(worker) ?? { all: 0, mayPublish: 0 }
    this.#placed.set(worker, placed)
    placed.all += 1
    placed.mayPublish += Number(mayPublish)
    return () => {
      placed.all -= 1
      placed.mayPublish -= Number(mayPublish)
      if (placed.all === 0) this.#placed.delete(worker)
    }
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
