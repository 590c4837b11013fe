import { AppError } from '@diemcau/core/errors.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import type { AnnouncedAddress, WorkerPlacement } from '../config.ts'
import type {
  MediaCloseReason,
  MediaFigures,
  MediaNode,
  MediaResources,
  RoomMedia,
  RoomMediaListener,
  VoiceFigures,
} from '../room/base/ports.ts'
import type { PipeListen } from './link/pair-ends.ts'
import { PipeTraffic } from './link/pipe-traffic.ts'
import { MediasoupRoom } from './room-media.ts'
import { warnOfSmallBuffers } from './worker/socket-buffers.ts'
import { WorkerPool } from './worker/worker-pool.ts'

export interface MediaNodeOptions {
  /** Path of the mediasoup-worker binary; absent: the one mediasoup itself installed. */
  workerBin?: string
  /** At least 1; usually one a core. */
  workerCount: number
  /** Addresses the media sockets bind, e.g. '0.0.0.0'; `::` means IPv6 only. */
  listenAddress: string | string[]
  /** Addresses written into ICE candidates, the preferred one first; a bare address is for clients of no other's network. At least one. */
  announcedAddresses: (string | AnnouncedAddress)[]
  /** Worker `i` uses UDP and TCP port `firstMediaPort + i`. */
  firstMediaPort: number
  /** Percent of a core a worker is filled to before the next one is used; default 75. */
  workerBudget?: number
  /** Default `fill`. */
  workerPlacement?: WorkerPlacement
  /** Where tracks come from other nodes; absent: this node is alone. */
  pipes?: PipeListen
  /** Microphones that are heard at once in a room, beside those of who has the floor; at least 1, default 8. */
  voices?: number
  logger: Logger
}

const VOICES = 8

/** Starts the workers. The caller closes the node; rejects when a worker cannot start or a port is taken. */
export async function createMediaNode(options: MediaNodeOptions): Promise<MediaNode> {
  if (options.workerCount < 1) throw new AppError('invalid_argument', 'a media node needs a worker')
  if (options.announcedAddresses.length === 0)
    throw new AppError('invalid_argument', 'a media node needs an address to announce')
  if (options.pipes) await warnOfSmallBuffers(options.logger)
  const pool = await WorkerPool.create(options)
  return new MediasoupNode(pool, options)
}

class MediasoupNode implements MediaNode {
  readonly #pool: WorkerPool
  readonly #logger: Logger
  readonly #pipes: PipeListen | undefined
  readonly #voices: number
  /** Of rooms that have closed. */
  #voiceChanges = 0
  readonly #rooms = new Set<MediasoupRoom>()
  readonly #traffic = new PipeTraffic()
  /** Of all pipes that tracks of other nodes come by: another node may remember those of a room that was here before. */
  #lastSerial = 0
  #isClosed = false

  constructor(pool: WorkerPool, options: MediaNodeOptions) {
    this.#pipes = options.pipes
    this.#voices = options.voices ?? VOICES
    this.#pool = pool
    this.#logger = options.logger
  }

  openRoom(roomId: RoomId, listener: RoomMediaListener): RoomMedia {
    if (this.#isClosed) throw new AppError('closed', 'the media node is closed')
    const room: MediasoupRoom = new MediasoupRoom(roomId, this.#pool, this.#logger, listener, {
      pipes: this.#pipes,
      voices: this.#voices,
      nextSerial: () => ++this.#lastSerial,
      onClosed: () => {
        this.#rooms.delete(room)
        this.#voiceChanges += room.voiceFigures().changes
      },
    })
    this.#rooms.add(room)
    return room
  }

  workers(): { index: number; pid: number; peers: number }[] {
    return this.#pool.workers.map(({ index, worker, peers }) => ({ index, pid: worker.pid, peers }))
  }

  use(): ReturnType<MediaNode['use']> {
    const nowMs = performance.now()
    const workers = this.#pool.workers
    const ends = [...this.#rooms].reduce((sum, room) => sum + room.nodeEnds().length, 0)
    return {
      workerLoads: workers.map(({ load }) => load.at(nowMs)),
      portsTaken: this.#pipes ? ends / (this.#pipes.lastPort - this.#pipes.firstPort + 1) : 0,
      people: workers.reduce((sum, { peers }) => sum + peers, 0),
      estimate: this.#pool.estimate,
    }
  }

  resources(): MediaResources {
    return this.#pool.resources.read()
  }

  async figures(): Promise<MediaFigures> {
    const rooms = [...this.#rooms]
    const ends = rooms.flatMap(room => room.nodeEnds())
    const [workers, pipes] = await Promise.all([
      Promise.all(
        this.#pool.workers.map(async one => {
          const usage = (await one.usage()) ?? { cpuMs: null, peakMemoryBytes: null }
          const load = one.load.at(performance.now())
          return { index: one.index, pid: one.worker.pid, peers: one.peers, load, ...usage }
        }),
      ),
      this.#traffic.read(ends),
    ])
    return {
      wantedWorkers: this.#pool.wanted,
      workers,
      placements: this.#pool.placements,
      pipes,
      pipePorts: this.#pipes
        ? { all: this.#pipes.lastPort - this.#pipes.firstPort + 1, used: ends.length }
        : null,
      roomPipes: new Map(rooms.map(room => [room.id, room.carriedCount])),
      voices: this.#voiceFigures(rooms),
    }
  }

  #voiceFigures(rooms: MediasoupRoom[]): VoiceFigures {
    const sum = { microphones: 0, heard: 0, running: 0, held: 0, changes: this.#voiceChanges }
    for (const figures of rooms.map(room => room.voiceFigures()))
      for (const name of Object.keys(sum) as (keyof VoiceFigures)[]) sum[name] += figures[name]
    return sum
  }

  async close(reason: MediaCloseReason): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all([...this.#rooms].map(room => room.close(reason)))
    await this.#pool.close()
  }
}
