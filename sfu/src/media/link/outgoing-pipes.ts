import type { TrackId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import type { PipeSignals } from '../../room/base/node-media.ts'
import type { PublishedTrack } from '../track/published-track.ts'
import type { TrackDirectory } from '../track/track-directory.ts'
import { closedWith } from '../worker/closed-with.ts'
import { within } from '../worker/within.ts'
import { consumePaused } from './consume-paused.ts'
import { NodeInterest } from './node-interest.ts'
import { OutgoingPairs } from './outgoing-pairs.ts'
import { OutgoingPipe } from './outgoing-pipe.ts'
import type { PipeEnd, PipeListen } from './pair-ends.ts'
import { type PipeAnswer, type PipeOpen, type Refusal, readOpen, readWant } from './pipe-messages.ts'

/** A pipe that is not up by then is refused, ms; less than the landing node waits. */
const OPEN_TIMEOUT_MS = 6_000
/** Answers kept for a request that comes again. */
const REMEMBERED_ANSWERS = 4_096

class Refused extends Error {
  readonly why: Refusal
  constructor(why: Refusal) {
    super(why)
    this.why = why
  }
}

/** The home side of what is carried between nodes: sends the tracks published in a room here to the nodes that ask for them. */
export class OutgoingPipes {
  readonly #directory: TrackDirectory
  readonly #signals: PipeSignals
  readonly #mayHave: (node: string, trackId: TrackId) => boolean
  readonly #logger: Logger
  readonly #pairs: OutgoingPairs
  readonly #interests = new Map<string, NodeInterest>()
  readonly #answers = new Map<string, Promise<PipeAnswer>>()
  #isClosed = false

  constructor(options: {
    directory: TrackDirectory
    signals: PipeSignals
    /** Whether anybody on that node is allowed to have the track. */
    mayHave: (node: string, trackId: TrackId) => boolean
    listen: PipeListen
    logger: Logger
  }) {
    this.#directory = options.directory
    this.#signals = options.signals
    this.#mayHave = options.mayHave
    this.#logger = options.logger
    this.#pairs = new OutgoingPairs(options.listen)
  }

  /** Pairs that are open to other nodes. */
  ends(): PipeEnd[] {
    return this.#pairs.ends()
  }

  /** A serial that was asked for before is answered as it was. @throws AppError('invalid_argument') */
  async handleOpen(node: string, message: unknown): Promise<PipeAnswer> {
    const request = readOpen(message)
    const key = `${node} ${request.serial}`
    const known = this.#answers.get(key)
    if (known) return await known
    const answer = this.#open(node, request).catch((error): PipeAnswer => {
      const refused = error instanceof Refused ? error.why : 'failed'
      if (refused === 'failed' && !this.#isClosed)
        this.#logger.warn({ err: error, node, trackId: request.trackId }, 'track not carried to a node')
      return { serial: request.serial, refused }
    })
    this.#answers.set(key, answer)
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > REMEMBERED_ANSWERS) this.#answers.delete(oldest!)
    return await answer
  }

  handleWant(node: string, message: unknown): void {
    if (this.#isClosed) return
    const want = readWant(message)
    const track = this.#find(want.trackId)
    if (track) {
      const interest = this.#interest(node, track)
      interest.apply(want)
      interest.mayEnd()
    }
    const carried = this.#interests.get(keyOf(node, want.trackId))?.pipes ?? []
    for (const { serial } of want.codecs) {
      if (serial === null || carried.some(pipe => pipe.serial === serial)) continue
      // It is not, or no more, known here: who believes in it is to try anew.
      this.#signals.state(node, { serial, trackId: want.trackId, rev: 0, paused: false, closed: true })
    }
  }

  /** Tells all levels again; call it every few seconds. */
  compare(): void {
    for (const interest of this.#interests.values()) for (const pipe of interest.pipes) pipe.compare()
  }

  /** The track is none of this room any more, though it may go on in its own. */
  dropTrack(track: PublishedTrack): void {
    for (const interest of [...this.#interests.values()]) if (interest.track === track) interest.end()
  }

  /** The node takes nothing any more. */
  dropNode(node: string): void {
    for (const interest of [...this.#interests.values()]) if (interest.node === node) interest.end()
    this.#pairs.dropNode(node)
    for (const key of [...this.#answers.keys()]) if (key.startsWith(`${node} `)) this.#answers.delete(key)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const interest of [...this.#interests.values()]) interest.end()
    this.#pairs.close()
    this.#answers.clear()
  }

  async #open(node: string, request: PipeOpen): Promise<PipeAnswer> {
    const { serial, mimeType, pair: asked } = request
    if (this.#isClosed) throw new Refused('not_found')
    const track = this.#find(request.trackId)
    const codec = track?.codecs.find(entry => entry.mimeType === mimeType)
    if (!track?.home || !codec || track.home.router.id !== asked.homeRouter || track.home.router.closed)
      throw new Refused('not_found')
    // Its viewers there are told so by their own node, as soon as it has the publisher's word.
    if (!this.#mayHave(node, track.trackId)) throw new Refused('not_found')
    const interest = this.#interest(node, track)
    interest.apply(request.want)
    if (!interest.mayOpen(serial, mimeType)) {
      interest.mayEnd()
      throw new Refused('over')
    }
    const pair = this.#pairs.take(node, asked.id, track.home, asked.end)
    if (!pair) {
      interest.mayEnd()
      throw new Refused('stale_pair')
    }
    const pipe = new OutgoingPipe({
      node,
      serial,
      track,
      codec,
      signals: this.#signals,
      logger: this.#logger,
      onClosed: closed => {
        pair.release()
        interest.remove(closed)
      },
    })
    interest.add(pipe)
    try {
      const { transport, end } = await within(pair.ready, OPEN_TIMEOUT_MS, () => {})
      const consuming = consumePaused(transport, codec.producer.id)
      const consumer = closedWith(transport, await within(consuming, OPEN_TIMEOUT_MS, late => late.close()))
      if (consumer.closed || pipe.isClosed) {
        consumer.close()
        throw new Refused(codec.producer.closed ? 'not_found' : 'over')
      }
      pipe.attach(consumer)
      this.#logger.debug({ node, serial, trackId: track.trackId, mimeType }, 'track carried to a node')
      const { kind, rtpParameters } = consumer
      return { serial, end, kind, rtpParameters, ...pipe.level() }
    } catch (error) {
      pipe.close()
      if (codec.producer.closed) throw new Refused('not_found')
      throw error
    }
  }

  /** Tracks that landed here themselves are not carried on: every node has the home's own. */
  #find(trackId: string): PublishedTrack | undefined {
    const track = this.#directory.find(trackId as TrackId)
    return track?.home ? track : undefined
  }

  #interest(node: string, track: PublishedTrack): NodeInterest {
    const key = keyOf(node, track.trackId)
    const known = this.#interests.get(key)
    if (known?.track === track) return known
    known?.end()
    const interest = new NodeInterest(node, track, ended => {
      if (this.#interests.get(key) === ended) this.#interests.delete(key)
    })
    this.#interests.set(key, interest)
    return interest
  }
}

const keyOf = (node: string, trackId: string): string => `${node} ${trackId}`
