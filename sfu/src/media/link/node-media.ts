import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import type { NodeMedia, PipeSignals, RemoteTrack, RemoteTrackFacts } from '../../room/base/node-media.ts'
import type { PublishedTrack } from '../track/published-track.ts'
import type { TrackDirectory } from '../track/track-directory.ts'
import { IncomingPipes } from './incoming-pipes.ts'
import { LandedTrack } from './landed-track.ts'
import { OutgoingPipes } from './outgoing-pipes.ts'
import type { PipeEnd, PipeListen } from './pair-ends.ts'

/** Both ends say again how they are this often, ms: what was lost or came in the wrong order heals by it. */
const COMPARE_MS = 5_000

/** What goes between this node and the others for one room. */
export class RoomNodeMedia implements NodeMedia {
  readonly #directory: TrackDirectory
  readonly #outgoing: OutgoingPipes
  readonly #incoming: IncomingPipes
  readonly #signals: PipeSignals
  readonly #nextSerial: () => number
  readonly #logger: Logger
  readonly #landed = new Map<TrackId, LandedTrack>()
  readonly #timer: NodeJS.Timeout
  #isClosed = false

  constructor(options: {
    directory: TrackDirectory
    signals: PipeSignals
    /** Whether anybody on that node is allowed to have a track that is published here. */
    mayHave: (node: string, trackId: TrackId) => boolean
    listen: PipeListen
    /** Rising, never the same twice in this process. */
    nextSerial: () => number
    logger: Logger
  }) {
    const { directory, signals, mayHave, listen, nextSerial, logger } = options
    this.#directory = directory
    this.#signals = signals
    this.#nextSerial = nextSerial
    this.#logger = logger
    this.#outgoing = new OutgoingPipes({ directory, signals, mayHave, listen, logger })
    this.#incoming = new IncomingPipes(signals, nextSerial, listen, logger)
    this.#timer = setInterval(() => this.#compare(), COMPARE_MS)
  }

  /** For tests and metrics: codecs landed here from other nodes. */
  get landingCount(): number {
    return this.#incoming.size
  }

  /** Pairs that are open to other nodes, each with a port of its own. */
  ends(): PipeEnd[] {
    return [...this.#outgoing.ends(), ...this.#incoming.ends()]
  }

  factsOf(trackId: TrackId): RemoteTrackFacts {
    const track = this.#directory.get(trackId)
    if (!track.home) throw new AppError('track_not_found', `${trackId} is published on another node`)
    const { kind, stream, isScreen, isVoice, layers } = track
    return {
      trackId,
      participantId: this.#directory.publisherOf(track),
      kind,
      stream,
      isScreen,
      isVoice,
      layers,
      muted: track.codecs.every(({ producer }) => producer.paused),
      announced: track.announcedMimeTypes,
      codecs: track.codecs.map(codec => {
        const { mimeType, spatialLayers, simulcast } = codec
        return { mimeType, spatialLayers, simulcast, layers: codec.layers }
      }),
      regressedTo: track.regressedTo ?? null,
      homeRouter: track.home.router.id,
    }
  }

  addRemote(node: string, facts: RemoteTrackFacts): RemoteTrack {
    if (this.#isClosed) throw new AppError('closed', "the room's media is closed")
    if (this.#directory.find(facts.trackId))
      throw new AppError('already_exists', `${facts.trackId} is in the room`)
    const room = {
      incoming: this.#incoming,
      signals: this.#signals,
      nextSerial: this.#nextSerial,
      logger: this.#logger,
    }
    const landed: LandedTrack = new LandedTrack(node, facts, room, () => {
      this.#landed.delete(facts.trackId)
      this.#directory.remove(landed.track)
    })
    this.#landed.set(facts.trackId, landed)
    this.#directory.add(landed.track)
    return landed
  }

  async handleOpen(node: string, request: unknown): Promise<object> {
    return await this.#outgoing.handleOpen(node, request)
  }

  handleWant(node: string, message: unknown): void {
    this.#outgoing.handleWant(node, message)
  }

  handleState(node: string, message: unknown): void {
    const unknown = this.#incoming.handleState(node, message)
    if (!unknown || this.#isClosed) return
    // The home carries something nobody here knows of: it is told what is wanted, in which that serial is not.
    const { trackId } = unknown
    const landed = this.#landed.get(trackId as TrackId)
    if (landed?.node === node) landed.tell()
    else this.#signals.want(node, { trackId, order: this.#nextSerial(), codecs: [] })
  }

  handleNodeGone(node: string): void {
    this.#outgoing.dropNode(node)
    this.#incoming.dropNode(node)
  }

  /** A track of another room that was shown in this one is so no more: nobody gets it by this room. */
  handleForwardEnded(track: PublishedTrack): void {
    this.#outgoing.dropTrack(track)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const landed of [...this.#landed.values()]) landed.remove()
    this.#incoming.close()
    this.#outgoing.close()
  }

  #compare(): void {
    this.#outgoing.compare()
    this.#incoming.compare()
    for (const landed of this.#landed.values()) landed.tellWants()
  }
}
