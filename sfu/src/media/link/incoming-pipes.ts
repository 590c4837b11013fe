import { AppError } from '@diemcau/core/errors.ts'
import type { Producer } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { PipeSignals } from '../../room/base/node-media.ts'
import { closedWith } from '../worker/closed-with.ts'
import { within } from '../worker/within.ts'
import type { Landing } from './landing.ts'
import { LandingPairs } from './landing-pairs.ts'
import type { PipeEnd, PipeListen } from './pair-ends.ts'
import { type PipeState, type PipeWant, readAnswer, readState } from './pipe-messages.ts'

/** A track that is not here by then has not come, ms. */
const OPEN_TIMEOUT_MS = 8_000
/**
 * Requests of a landed picture's viewers for a key frame come together for so long, ms. Each asks the publisher for one of every
 * layer, because a pipe's consumer knows no other request; but no longer than at the publisher itself, where those of all nodes
 * meet and are bounded: a viewer who comes soon after another would wait for its first picture by as much.
 */
const LANDED_KEY_FRAME_REQUEST_DELAY_MS = 350

/** What is asked for. */
export interface WantedCodec {
  node: string
  homeRouter: string
  trackId: string
  kind: 'audio' | 'video'
  mimeType: string
  /** All that is wanted of the track here, with this pipe. */
  want(): PipeWant
}

/** The landing side of what is carried between nodes: asks homes for their tracks and makes producers of what comes. */
export class IncomingPipes {
  readonly #signals: PipeSignals
  readonly #nextSerial: () => number
  readonly #logger: Logger
  readonly #pairs: LandingPairs
  readonly #landings = new Map<number, { node: string; landing: Landing }>()
  #isClosed = false

  constructor(signals: PipeSignals, nextSerial: () => number, listen: PipeListen, logger: Logger) {
    this.#signals = signals
    this.#nextSerial = nextSerial
    this.#logger = logger
    this.#pairs = new LandingPairs(listen)
  }

  /** Pairs that are open to other nodes. */
  ends(): PipeEnd[] {
    return this.#pairs.ends()
  }

  /** For tests and metrics: what has landed, or is asked for. */
  get size(): number {
    return this.#landings.size
  }

  /** Fills `landing.ready`. It rejects with AppError track_not_found or unavailable, and the landing is then closed. */
  open(landing: Landing, codec: WantedCodec): void {
    landing.ready = this.#land(landing, codec).catch(error => {
      landing.close()
      throw error
    })
    // Each user has its own await of it.
    landing.ready.catch(() => {})
  }

  /** A landing was closed. */
  forget(landing: Landing): void {
    if (landing.serial !== undefined) this.#landings.delete(landing.serial)
  }

  /** What was said; undefined when nothing is to be answered, else the serial is not known here (any more). */
  handleState(node: string, message: unknown): PipeState | undefined {
    const state = readState(message)
    const known = this.#landings.get(state.serial)
    const isKnown = known?.node === node
    if (isKnown) known.landing.hear(state)
    return isKnown || state.closed ? undefined : state
  }

  /** Brings every landing in step again; call it every few seconds. */
  compare(): void {
    for (const { landing } of this.#landings.values()) landing.apply()
  }

  dropNode(node: string): void {
    for (const known of [...this.#landings.values()]) if (known.node === node) known.landing.close()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { landing } of [...this.#landings.values()]) landing.close()
    this.#pairs.close()
  }

  async #land(landing: Landing, codec: WantedCodec): Promise<Producer> {
    for (let isSecond = false; ; isSecond = true) {
      const producer = await this.#try(landing, codec)
      if (producer) return producer
      if (isSecond) throw new AppError('unavailable', 'the other end of a new pair is gone')
    }
  }

  /** Undefined: the home has no such pair any more, and another try makes a new one. */
  async #try(landing: Landing, codec: WantedCodec): Promise<Producer | undefined> {
    if (this.#isClosed || landing.isClosed) throw new AppError('unavailable', 'the room is closing')
    const serial = this.#nextSerial()
    this.forget(landing)
    landing.begin(serial)
    this.#landings.set(serial, { node: codec.node, landing })
    const pair = this.#pairs.take(codec.node, codec.homeRouter, landing.router)
    try {
      const end = await within(pair.describe(), OPEN_TIMEOUT_MS, () => {})
      if (landing.isClosed) throw new AppError('unavailable', 'the track is not wanted any more')
      const request = {
        serial,
        trackId: codec.trackId,
        mimeType: codec.mimeType,
        pair: { id: pair.id, homeRouter: codec.homeRouter, ...(end ? { end } : {}) },
        want: codec.want(),
      }
      const asking = Promise.race([this.#signals.open(codec.node, request), landing.closed])
      const answer = readAnswer(await within(asking, OPEN_TIMEOUT_MS, () => {}, codec.node))
      if (answer.refused === 'stale_pair') {
        pair.close()
        pair.release()
        return undefined
      }
      if (answer.refused !== undefined || answer.serial !== serial) {
        const isGone = answer.refused === 'not_found'
        throw new AppError(
          isGone ? 'track_not_found' : 'unavailable',
          `its home does not carry the track: ${answer.refused ?? 'wrong serial'}`,
        )
      }
      const [format] = answer.rtpParameters.codecs
      if (answer.kind !== codec.kind || format?.mimeType.toLowerCase() !== codec.mimeType.toLowerCase())
        throw new AppError('unavailable', 'its home carries something else')
      const { rev, paused } = answer
      landing.hear({ rev, paused, closed: false })
      const transport = await within(pair.connect(answer.end), OPEN_TIMEOUT_MS, () => {})
      const producing = transport.produce({
        kind: answer.kind,
        rtpParameters: answer.rtpParameters,
        paused: landing.isPaused ?? paused,
        ...(answer.kind === 'video' ? { keyFrameRequestDelay: LANDED_KEY_FRAME_REQUEST_DELAY_MS } : {}),
      })
      const producer = closedWith(transport, await within(producing, OPEN_TIMEOUT_MS, late => late.close()))
      landing.attach(producer)
      producer.observer.once('close', () => pair.release())
      this.#logger.debug({ node: codec.node, serial, trackId: codec.trackId }, 'track landed')
      return producer
    } catch (error) {
      pair.release()
      throw error
    }
  }
}
