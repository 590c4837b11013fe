/**
 * Offers and answers on a subscriber connection. The SFU offers; at most one offer is outstanding, and what changes
 * meanwhile becomes the next. Owns the sections and the wait for an answer; the connection closes it.
 */
import { randomInt } from 'node:crypto'
import { SerialQueue } from '@diemcau/core/serial-queue.ts'
import type { WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import { parseSubscriberAnswer, type SubscriberAnswer } from '../../sdp/subscriber-answer.ts'
import { writeSubscriberOffer } from '../../sdp/subscriber-offer.ts'
import type { PublishedTrack } from '../track/published-track.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { AnswerWait } from './answer-wait.ts'
import { type OfferPlan, planOffer } from './offer-plan.ts'
import { SectionTable } from './section-table.ts'
import type { Subscription } from './subscription.ts'

export interface NegotiationListener {
  onOffer(offer: { sdp: string; midToTrackId: Record<string, string> }): void
  /** Sid of the participant whose track it is in the client's room. */
  publisherOf(track: PublishedTrack): string
  /** The client has answered the section of a subscription that is still open. */
  onSettled(subscription: Subscription, isAccepted: boolean): void
}

export class SubscriberNegotiation {
  readonly sections = new SectionTable<Subscription>()
  readonly #home: RoomRouter
  readonly #transport: WebRtcTransport
  readonly #logger: Logger
  /** Whether sound and picture of one source share a stream, see docs/decisions/0009-streams-and-sections.md. */
  readonly #canShareStreams: boolean
  readonly #listener: NegotiationListener
  readonly #answers = new SerialQueue()
  readonly #sessionId = `${randomInt(1, 2 ** 47)}`
  #version = 0
  /** Who was in the offer that waits for its answer. */
  #outstanding: OfferPlan['offered'] | undefined
  readonly #answerWait = new AnswerWait(() => {
    this.#logger.warn('offer was not answered and is made anew')
    this.#outstanding = undefined
    this.want()
  })
  #holds = 0
  #isDirty = false
  #isScheduled = false
  #isDtlsStarted = false
  #isClosed = false

  constructor(
    home: RoomRouter,
    transport: WebRtcTransport,
    logger: Logger,
    canShareStreams: boolean,
    listener: NegotiationListener,
  ) {
    this.#home = home
    this.#transport = transport
    this.#logger = logger
    this.#canShareStreams = canShareStreams
    this.#listener = listener
  }

  /** Something is to be offered. */
  want(): void {
    this.#isDirty = true
    this.#mayOffer()
  }

  /** No offer goes out until the returned function is called, so that what is being made goes with it. */
  hold(): () => void {
    this.#holds += 1
    return () => {
      this.#holds -= 1
      this.#mayOffer()
    }
  }

  /** @throws AppError('bad_sdp') */
  handleAnswer(sdp: string): Promise<void> {
    return this.#answers.run(async () => {
      if (this.#isClosed) return
      this.#logger.debug({ sdp }, 'subscriber answer')
      const answer = parseSubscriberAnswer(sdp)
      const offered = this.#outstanding
      if (!offered) {
        this.#logger.warn('answer without an offer')
        return
      }
      // Some clients do not say which offer they answer: one without all sections belongs to an earlier one.
      if (this.#answerWait.isRepeated && [...offered.keys()].some(({ mid }) => !answer.sections.has(mid)))
        return
      if (!this.#isDtlsStarted) {
        this.#isDtlsStarted = true
        await this.#transport.connect({ dtlsParameters: answer.dtlsParameters })
      }
      // A resume while the worker connected has made this answer void.
      if (this.#outstanding !== offered) return
      this.#outstanding = undefined
      this.#answerWait.handleAnswered()
      this.#settle(offered, answer)
      this.#mayOffer()
    })
  }

  /** New credentials in an offer at once; the outstanding offer, if any, becomes void. */
  async restartIce(): Promise<void> {
    await this.#transport.restartIce()
    this.#outstanding = undefined
    this.want()
  }

  close(): void {
    this.#isClosed = true
    this.#answerWait.stop()
  }

  #settle(offered: OfferPlan['offered'], answer: SubscriberAnswer): void {
    for (const [section, subscription] of offered) {
      const answered = answer.sections.get(section.mid)
      if (!subscription) {
        this.sections.free(section)
        continue
      }
      if (subscription.isClosed) continue
      const payloadType = section.rtpParameters?.codecs[0]?.payloadType
      const isAccepted = answered?.isReceiving === true && answered.payloadTypes.has(payloadType ?? -1)
      this.#listener.onSettled(subscription, isAccepted)
    }
  }

  /** Offers on the next loop turn, so that changes made together travel together. */
  #mayOffer(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (this.#isClosed || !this.#isDirty || this.#outstanding || this.#holds > 0) return
      this.#offer()
    })
  }

  #offer(): void {
    this.#isDirty = false
    const plan = planOffer(this.sections.listed, this.#canShareStreams, this.#listener)
    const { offered, sections, midToTrackId } = plan
    this.#outstanding = offered
    this.#answerWait.start()
    const sdp = writeSubscriberOffer({
      local: this.#home.describe(this.#transport),
      sections,
      sessionId: this.#sessionId,
      version: ++this.#version,
    })
    this.#logger.debug({ sdp }, 'subscriber offer')
    this.#listener.onOffer({ sdp, midToTrackId })
  }
}
