import { MOST_ROOMS_REPORTED, type NodeReport } from '@diemcau/core/contracts/node-report.ts'
import { EventLoopWatch } from '@diemcau/core/process/event-loop-watch.ts'
import program from '../package.json' with { type: 'json' }
import type { NodeDrain } from './node-drain.ts'
import type { MediaFigures, MediaNode } from './room/base/ports.ts'
import type { RoomFigures } from './room/room-registry.ts'
import type { Rooms } from './rooms-alone.ts'
import type { Admission } from './server/admission/admission.ts'

export interface NodeReporterOptions {
  name: string
  media: Pick<MediaNode, 'figures' | 'resources'>
  drain: Pick<NodeDrain, 'report'>
  admission: Pick<Admission, 'state' | 'refusals'>
  rooms: Pick<Rooms, 'cluster' | 'sharedWith' | 'unready' | 'webhooks'> & {
    registry: { figuresHere(): RoomFigures[] }
  }
}

/** Gathers what this node says of itself. Closed by whoever makes it. */
export class NodeReporter {
  readonly #options: NodeReporterOptions
  readonly #eventLoop = new EventLoopWatch()
  readonly #startedAtMs = Date.now()
  #asking: Promise<MediaFigures> | undefined

  constructor(options: NodeReporterOptions) {
    this.#options = options
  }

  /** Takes a second at most, when a worker does not answer. */
  async report(): Promise<NodeReport> {
    const { name, media, rooms, drain, admission } = this.#options
    // Two who ask at once put no more to the workers than one.
    this.#asking ??= media.figures().finally(() => {
      this.#asking = undefined
    })
    const { roomPipes, pipes, ...figures } = await this.#asking
    const here = rooms.registry.figuresHere()
    const cluster = rooms.cluster()
    const { user, system } = process.cpuUsage()
    const nameOf = (incarnation: string) =>
      cluster?.links.find(link => link.incarnation === incarnation)?.node ?? incarnation
    return {
      name,
      version: program.version,
      startedAtMs: this.#startedAtMs,
      notReady: rooms.unready() ?? null,
      drain: drain.report(),
      admission: admissionOf(admission),
      cpuMs: (user + system) / 1000,
      memoryBytes: process.memoryUsage.rss(),
      eventLoopP99Ms: this.#eventLoop.p99Ms,
      people: sum(here, room => room.people),
      roomCount: here.length,
      rooms: here.slice(0, MOST_ROOMS_REPORTED).map(room => ({
        name: room.name,
        people: room.people,
        publishers: room.publishers,
        recorders: room.recorders,
        nodes: rooms.sharedWith(room.id),
        pipes: roomPipes.get(room.id) ?? 0,
      })),
      recorders: sum(here, room => room.recorders),
      carriedTracks: sum([...roomPipes.values()], count => count),
      ...figures,
      mediaOpen: { ...media.resources() },
      pipes: pipes.map(({ node, ...bytes }) => ({ node: nameOf(node), ...bytes })),
      waiting: {
        signalBytes: sum(here, room => room.signalBytes),
        dataBytes: sum(here, room => room.dataBytes),
      },
      webhooks: rooms.webhooks(),
      cluster,
    }
  }

  close(): void {
    this.#eventLoop.close()
  }
}

function admissionOf(admission: NodeReporterOptions['admission']): NodeReport['admission'] {
  const { ordinary = null, kept = null } = admission.state()
  return { ordinary, kept, refusals: admission.refusals() }
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0)
