import { randomInt } from 'node:crypto'
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import { SerialQueue } from '@diemcau/core/serial-queue.ts'
import type { WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { PeerMediaListener, PublishedMedia, TrackClaim } from '../../room/base/ports.ts'
import { planProducer, streamsOf } from '../../sdp/offer-to-producer.ts'
import { mimeTypeOf } from '../../sdp/offered-codecs.ts'
import { type AcceptedSection, writePublisherAnswer } from '../../sdp/publisher-answer.ts'
import {
  parseRemoteDescription,
  type RemoteDescription,
  type RemoteSection,
} from '../../sdp/remote-description.ts'
import { type Demand, PublishedTrack } from '../track/published-track.ts'
import type { FlowReport } from '../track/quality-score.ts'
import type { TrackDirectory } from '../track/track-directory.ts'
import type { ClientNetwork } from '../worker/announced-addresses.ts'
import { closedWith } from '../worker/closed-with.ts'
import { closeNow } from '../worker/parting-transports.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { watchTransport } from '../worker/transport-events.ts'
import { claimForSection, claimNamed, layersOf } from './claim-match.ts'
import { PublisherData } from './publisher-data.ts'
import { UplinkControl } from './uplink-control.ts'

/**
 * Joins of many viewers shall not make a publisher send one key frame each; the first request is never delayed, ms. Over 300,
 * because libwebrtc ignores a request that comes sooner after another, and mediasoup repeats an ignored one only after a second.
 */
const KEY_FRAME_REQUEST_DELAY_MS = 350

/** Refused or ended sections kept in mind of one connection. */
const REMEMBERED_SECTIONS = 2_000

export interface PublisherListener {
  onConnected(): void
  onDisconnected(): void
  onData: PeerMediaListener['onData']
  onDemand(trackId: TrackId, demand: Demand): void
}

export interface OfferResult {
  answer: string
  published: PublishedMedia[]
  unpublished: TrackId[]
  reduced: TrackId[]
  refused: { trackId: TrackId | null; mid: string; reason: string }[]
}

/** The connection a client sends on: its transport, its tracks, its own data channels. */
export class PublisherConnection {
  readonly #participantId: ParticipantId
  readonly #network: ClientNetwork
  readonly #home: RoomRouter
  readonly #directory: TrackDirectory
  readonly #logger: Logger
  readonly #listener: PublisherListener
  readonly #queue = new SerialQueue()
  readonly #tracks = new Map<TrackId, PublishedTrack>()
  /** Sections that send now, by mid. */
  readonly #sections = new Map<
    string,
    { trackId: TrackId; cid: string | undefined; accepted: AcceptedSection }
  >()
  /** Sections that carried a track which the client stopped. */
  readonly #endedMids = new Set<string>()
  /** `mid cid` of sections refused once: they must not take another track's claim later. */
  readonly #refusedCids = new Set<string>()
  /** `trackId mimeType` of producers being made: sections are taken at the same time, and each codec of a track once. */
  readonly #producing = new Set<string>()
  /** `mid cid` of sections the server unpublished although the client goes on offering them. */
  readonly #endedCids = new Set<string>()
  readonly #sessionId = `${randomInt(1, 2 ** 47)}`
  #version = 0
  #transport: WebRtcTransport | undefined
  #uplink: UplinkControl | undefined
  #remoteUfrag: string | undefined
  #isClosed = false

  constructor(
    participantId: ParticipantId,
    home: RoomRouter,
    directory: TrackDirectory,
    logger: Logger,
    listener: PublisherListener,
    network: ClientNetwork,
  ) {
    this.#network = network
    this.#participantId = participantId
    this.#home = home
    this.#directory = directory
    this.#logger = logger
    this.#listener = listener
  }

  /** Offers are answered one after another. @throws AppError('bad_sdp') */
  handleOffer(sdp: string, claims: TrackClaim[]): Promise<OfferResult> {
    return this.#queue.run(() => this.#answer(sdp, claims))
  }

  async setTrackMuted(trackId: TrackId, isMuted: boolean): Promise<void> {
    await this.#tracks.get(trackId)?.setMuted(isMuted)
  }

  unpublish(trackId: TrackId): Promise<void> {
    return this.#queue.run(async () => {
      for (const [mid, section] of this.#sections) {
        if (section.trackId !== trackId) continue
        remember(this.#endedCids, `${mid} ${section.cid}`)
        this.#stopSection(mid)
      }
    })
  }

  /** Asked every few seconds; what it finds also decides how much the client may send on a narrow link. */
  async reports(): Promise<FlowReport[]> {
    const producers = [...this.#tracks.values()]
      .flatMap(track => track.codecs.map(codec => codec.producer))
      .filter(producer => !producer.paused && !producer.closed)
    const stats = await Promise.all(producers.map(producer => producer.getStats().catch(() => [])))
    const streams = stats.flat()
    this.#uplink?.observe(streams).catch(error => {
      if (!this.#isClosed) this.#logger.warn({ err: error }, 'uplink not judged')
    })
    // A layer the publisher switched off keeps its last report; only flowing streams count.
    return streams
      .filter(stream => stream.bitrate > 0)
      .map(stream => ({
        fractionLost: stream.fractionLost / 256,
        rttMs: stream.roundTripTime ? Math.round(stream.roundTripTime) : null,
      }))
  }

  /** `end` closes the transport, now or in a while: from here on nothing that comes by it counts. */
  close(end = closeNow): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const track of this.#tracks.values()) this.#endTrack(track)
    this.#tracks.clear()
    this.#sections.clear()
    if (this.#transport) end(this.#transport)
  }

  async #answer(sdp: string, claims: TrackClaim[]): Promise<OfferResult> {
    this.#assertOpen()
    this.#logger.debug({ sdp }, 'publisher offer')
    const offer = parseRemoteDescription(sdp)
    const transport = await this.#connect(offer)

    const result: OfferResult = { answer: '', published: [], unpublished: [], reduced: [], refused: [] }
    const isSending = (s: RemoteSection) =>
      !s.isRejected && s.kind !== 'application' && (s.direction === 'sendonly' || s.direction === 'sendrecv')
    // First what stops, so that a track may move to another section within one offer.
    for (const section of offer.sections) {
      const current = this.#sections.get(section.mid)
      if (!current) continue
      const named = section.trackCid === current.cid ? undefined : claimNamed(section.trackCid, claims)
      if (isSending(section) && (!named || named.claim.trackId === current.trackId)) {
        // Some browsers write another id once the sender's track was replaced; it is still the same publication.
        current.cid = section.trackCid
        continue
      }
      if (this.#stopSection(section.mid)) result.unpublished.push(current.trackId)
      else result.reduced.push(current.trackId)
      this.#endedMids.add(section.mid)
    }
    for (const mid of this.#endedMids) {
      const section = offer.sections.find(s => s.mid === mid)
      if (!section || isSending(section)) this.#endedMids.delete(mid)
    }
    const starting = offer.sections.filter(
      s => isSending(s) && !this.#sections.has(s.mid) && !this.#endedCids.has(`${s.mid} ${s.trackCid}`),
    )
    const taken = new Set<TrackId>()
    // How many sections name an id: looked up for every section and claim, of which there may be a thousand and 32.
    const timesNamed = new Map<string | undefined, number>()
    for (const { trackCid } of starting) timesNamed.set(trackCid, (timesNamed.get(trackCid) ?? 0) + 1)
    await Promise.all(
      starting.map(async section => {
        const cid = section.trackCid
        const match = claimForSection({
          cid,
          kind: section.kind,
          claims,
          mayGuess: !this.#refusedCids.has(`${section.mid} ${cid}`),
          // A claim somebody else's section names, or that has media already, is not up for guessing.
          isSpokenFor: claim =>
            taken.has(claim.trackId) ||
            this.#tracks.has(claim.trackId) ||
            (timesNamed.get(claim.cid) ?? 0) > (claim.cid === cid ? 1 : 0),
        })
        if (match) taken.add(match.claim.trackId)
        const outcome = match
          ? await this.#publish(transport, section, match.claim, match.codec, cid)
          : { refused: 'no announced track has this id' }
        if ('refused' in outcome) {
          remember(this.#refusedCids, `${section.mid} ${cid}`)
          result.refused.push({
            trackId: match?.claim.trackId ?? null,
            mid: section.mid,
            reason: outcome.refused,
          })
        } else result.published.push(outcome)
      }),
    )
    this.#assertOpen()
    result.answer = writePublisherAnswer({
      offer,
      local: this.#home.describe(transport),
      accepted: new Map([...this.#sections].map(([mid, section]) => [mid, section.accepted])),
      ended: this.#endedMids,
      sessionId: this.#sessionId,
      version: ++this.#version,
    })
    this.#logger.debug({ sdp: result.answer }, 'publisher answer')
    return result
  }

  async #connect(offer: RemoteDescription): Promise<WebRtcTransport> {
    if (this.#transport) {
      if (offer.iceUfrag !== this.#remoteUfrag) {
        await this.#transport.restartIce()
        await this.#uplink?.reset()
        this.#remoteUfrag = offer.iceUfrag
      }
      return this.#transport
    }
    const transport = await this.#home.createWebRtcTransport(this.#network)
    if (this.#isClosed) {
      transport.close()
      this.#assertOpen()
    }
    watchTransport(transport, this.#listener)
    const data = new PublisherData(this.#home, transport, this.#logger, (kind, payload) =>
      this.#listener.onData(kind, payload),
    )
    // We answer passive unless the client is it, which makes the client the DTLS client.
    const role = offer.dtlsParameters.role === 'server' ? 'server' : 'client'
    try {
      await data.open(role === 'client')
      await transport.connect({ dtlsParameters: { ...offer.dtlsParameters, role } })
    } catch (error) {
      transport.close()
      throw new AppError('bad_sdp', 'the transport refused the offer', { cause: error })
    }
    // `close` has closed only what was known to it.
    if (this.#isClosed) transport.close()
    this.#assertOpen()
    this.#transport = transport
    this.#uplink = new UplinkControl(transport, this.#logger)
    this.#remoteUfrag = offer.iceUfrag
    return transport
  }

  async #publish(
    transport: WebRtcTransport,
    section: RemoteSection,
    claim: TrackClaim,
    codec: string,
    cid: string | undefined,
  ): Promise<PublishedMedia | { refused: string }> {
    const plan = planProducer(section, claim, codec)
    if ('refused' in plan) return plan
    const known = this.#tracks.get(claim.trackId)
    const producing = `${claim.trackId} ${plan.mimeType}`
    if (this.#producing.has(producing) || known?.codecs.some(c => c.mimeType === plan.mimeType))
      return { refused: 'already published' }
    this.#producing.add(producing)
    try {
      const producing = transport.produce({
        kind: plan.kind,
        rtpParameters: plan.rtpParameters,
        paused: claim.muted,
        ...(plan.kind === 'video' ? { keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS } : {}),
      })
      const producer = closedWith(transport, await producing)
      // The transport may be left open for a while.
      if (this.#isClosed) producer.close()
      // Who cannot be shown as speaking can still be heard.
      if (plan.kind === 'audio')
        await this.#home
          .observe(producer)
          .catch(error => this.#logger.warn({ err: error, trackId: claim.trackId }, 'voice not observed'))
      this.#assertOpen()
      const track = this.#tracks.get(claim.trackId) ?? this.#openTrack(claim)
      const { mimeType, spatialLayers, simulcast } = plan
      this.#directory.linkProducer(producer.id, track)
      const layers = layersOf(claim, codec)
      track.addCodec({ mid: section.mid, mimeType, producer, spatialLayers, simulcast, layers })
      this.#sections.set(section.mid, {
        trackId: claim.trackId,
        cid,
        accepted: { rtpParameters: plan.rtpParameters, disableDtx: claim.disableDtx, stereo: claim.stereo },
      })
      const streams = streamsOf(plan.rtpParameters)
      return { trackId: claim.trackId, mid: section.mid, mimeType, spatialLayers, simulcast, streams }
    } catch (error) {
      this.#assertOpen()
      this.#logger.warn(
        { err: error, trackId: claim.trackId, mid: section.mid },
        'section refused by the worker',
      )
      return { refused: error instanceof Error ? error.message : 'refused by the worker' }
    } finally {
      this.#producing.delete(producing)
    }
  }

  #openTrack(claim: TrackClaim): PublishedTrack {
    const track = new PublishedTrack({
      trackId: claim.trackId,
      participantId: this.#participantId,
      kind: claim.kind,
      home: this.#home,
      stream: claim.stream,
      isScreen: claim.isScreen ?? false,
      isVoice: claim.isVoice ?? false,
      layers: claim.layers,
      announcedMimeTypes: () => claim.codecs.flatMap(({ codec }) => mimeTypeOf(codec) ?? []),
      isRegressing: claim.isRegressing ?? false,
      onDemand: demand => this.#listener.onDemand(claim.trackId, demand),
    })
    this.#tracks.set(claim.trackId, track)
    this.#directory.add(track)
    return track
  }

  /** True when the section's track has no media left. */
  #stopSection(mid: string): boolean {
    const section = this.#sections.get(mid)
    const track = section && this.#tracks.get(section.trackId)
    this.#sections.delete(mid)
    if (!track?.removeCodec(mid)) return false
    this.#tracks.delete(track.trackId)
    this.#endTrack(track)
    return true
  }

  #endTrack(track: PublishedTrack): void {
    this.#directory.remove(track)
    track.close()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('closed', 'the publisher connection is closed')
  }
}

/** A client may go on naming new sections; what it named long ago may be judged anew. */
function remember(names: Set<string>, name: string): void {
  if (names.size >= REMEMBERED_SECTIONS) names.clear()
  names.add(name)
}
