import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import {
  AddTrackRequest,
  type ParticipantInfo,
  SessionDescription,
  SignalTarget,
  StreamState,
  SubscriptionPermission,
  TrackSource,
  TrackType,
  TrickleRequest,
  UpdateSubscription,
  UpdateTrackSettings,
  VideoLayer,
  VideoQuality,
} from '@livekit/protocol'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { LAYERS, SOUND } from './load-media.ts'
import {
  answerSubscriberOffer,
  chooseCandidate,
  hostCandidate,
  type LocalStream,
  OFFERED,
  type OfferedStream,
  offeredStreams,
  publisherOffer,
  readCandidate,
  readTransport,
} from './sdp.ts'
import { SignalSocket } from './signal-socket.ts'

/** A track that this participant publishes. `stream` is the number that travels in its packets. */
export interface PublishedStream {
  kind: 'audio' | 'video'
  trackId: string
  stream: number
}

/** A size that a picture is shown in; the server chooses the layer. */
export interface ShownSize {
  width: number
  height: number
  quality: VideoQuality
}

export interface JoinOptions {
  /** http(s) or ws(s) address of the server. */
  url: string
  token: string
  identity: string
  clients: RtcClients
  /** First of two ids in `clients` that are this participant's. */
  peer: number
  /** Of every picture; default 640x360. */
  shown?: ShownSize
  /** What it subscribes to, asked once of each track; default: everything, by the server itself. */
  wants?: (identity: string, kind: 'audio' | 'video') => boolean
}

const MEDIUM: ShownSize = { width: 640, height: 360, quality: VideoQuality.HIGH }
const PASSWORD = randomBytes(12).toString('hex')
const FIRST_SSRC = 0x10000000

/**
 * One participant over LiveKit's signalling (v0, two peer connections), its media carried by RtcClients. Emits `broken`
 * with an Error when the server ends it. close() is safe to call twice.
 */
export class LoadParticipant extends EventEmitter {
  readonly identity: string
  /** Peer of the subscriber connection in RtcClients; the publisher's is one more. */
  readonly subscriberPeer: number
  readonly published: PublishedStream[] = []
  readonly #signal: SignalSocket
  readonly #clients: RtcClients
  readonly #host: string
  readonly #shown: ShownSize
  readonly #wants: JoinOptions['wants']
  /** Ids of tracks that it was asked about. */
  readonly #considered = new Set<string>()
  /** Addresses that the server told beside its descriptions. */
  readonly #trickled = new Map<SignalTarget, { ip: string; port: number }[]>()
  /** By track id, as last offered. */
  #offered = new Map<string, OfferedStream>()
  /** Tracks that the server holds back now, and those of them that it has held back in this window at any time. */
  readonly #heldNow = new Set<string>()
  readonly #held = new Set<string>()
  #isSubscriberOpen = false
  /** How far its join has come, for whoever waits for it in vain. */
  #reached = 'no message of the server'
  #hasFeedback = false

  private constructor(options: JoinOptions) {
    super()
    const { url, token, identity, clients, peer, shown = MEDIUM, wants } = options
    this.identity = identity
    this.subscriberPeer = peer
    this.#clients = clients
    this.#shown = shown
    this.#wants = wants
    this.#host = new URL(url).hostname
    this.#signal = new SignalSocket(url, token, identity, wants === undefined)
    this.#signal.on('message', message => this.#receive(message))
    this.#signal.on('broken', error => this.emit('broken', error))
  }

  /** Joins the room and connects the subscriber's media. @throws Error when the server refuses or is silent for 30 s */
  static async join(options: JoinOptions): Promise<LoadParticipant> {
    const participant = new LoadParticipant(options)
    try {
      await participant.#signal.next(
        'subscriberConnected',
        () => `its subscriber connection (so far: ${participant.#reached})`,
      )
    } catch (error) {
      participant.close()
      throw error
    }
    return participant
  }

  /** Streams now offered to this participant, by track id. */
  get offered(): ReadonlyMap<string, OfferedStream> {
    return this.#offered
  }

  /** Tracks that the server holds back now for want of bandwidth, as it says. */
  get heldBackNow(): number {
    return this.#heldNow.size
  }

  /** Track ids that it has held back at any time since `startWindow`. */
  get heldBack(): ReadonlySet<string> {
    return this.#held
  }

  startWindow(): void {
    this.#held.clear()
    for (const trackId of this.#heldNow) this.#held.add(trackId)
  }

  /**
   * Publishes one synthetic opus and one VP8 track; `firstStream` and the number after it travel in their packets.
   *
   * @param onlyFor identities that may subscribe to them; by default everybody
   */
  async publish(firstStream: number, onlyFor?: readonly string[]): Promise<void> {
    if (onlyFor) {
      const trackPermissions = onlyFor.map(participantIdentity => ({ participantIdentity, allTracks: true }))
      this.#signal.send({
        case: 'subscriptionPermission',
        value: new SubscriptionPermission({ allParticipants: false, trackPermissions }),
      })
    }
    const streams = await this.#offer(firstStream, [])
    for (const [index, { kind, ssrc, mid }] of streams.entries()) {
      this.#clients.send(this.subscriberPeer + 1, {
        ssrc,
        payloadType: kind === 'audio' ? OFFERED.opus : OFFERED.vp8,
        kind: kind === 'audio' ? 'opus' : 'vp8',
        stream: firstStream + index,
        mid: { id: OFFERED.midId, value: mid },
        audioLevelId: kind === 'audio' ? OFFERED.audioLevelId : 0,
      })
    }
  }

  /**
   * Publishes a voice and a camera that are recorded; the clients need loadMedia() before. `firstStream` and the number after it
   * travel with their frames.
   *
   * @param layers how many of LAYERS, from the lowest; one alone is published without simulcast
   */
  async publishRecorded(firstStream: number, layers: number): Promise<void> {
    const rids = LAYERS.slice(0, layers).map(({ rid }) => rid)
    const streams = await this.#offer(firstStream, rids)
    for (const [index, { kind, ssrc, mid }] of streams.entries()) {
      const common = { stream: firstStream + index, mid: { id: OFFERED.midId, value: mid } }
      const peer = this.subscriberPeer + 1
      if (kind === 'audio') {
        const { opus: payloadType, audioLevelId, feedbackId } = OFFERED
        this.#clients.play(peer, { ...common, ssrc, payloadType, name: SOUND, audioLevelId, feedbackId })
        continue
      }
      for (const [layer, name] of rids.entries())
        this.#clients.play(peer, {
          ...common,
          ssrc: ssrc + layer,
          payloadType: OFFERED.vp8,
          name,
          layer,
          feedbackId: OFFERED.feedbackId,
          ...(rids.length > 1 ? { rid: { id: OFFERED.ridId, value: name } } : {}),
        })
    }
  }

  /** Publishes a recorded voice alone, silent until `talk`; the clients need loadMedia() before. */
  async publishVoice(stream: number): Promise<void> {
    const [voice] = await this.#offer(stream, [], ['audio'])
    const { opus: payloadType, audioLevelId, feedbackId, midId } = OFFERED
    const { ssrc, mid } = voice!
    const peer = this.subscriberPeer + 1
    const common = { ssrc, payloadType, name: SOUND, stream, audioLevelId, feedbackId }
    this.#clients.play(peer, { ...common, mid: { id: midId, value: mid } })
    this.talk(false)
  }

  /** Whether its recorded voice is heard, or silent. */
  talk(isHeard: boolean): void {
    this.#clients.talk(this.subscriberPeer + 1, FIRST_SSRC + this.subscriberPeer * 16, isHeard)
  }

  close(): void {
    this.#signal.close()
    this.#clients.closePeer(this.subscriberPeer)
    this.#clients.closePeer(this.subscriberPeer + 1)
  }

  /** Announces and offers a sound and a picture with these layers (or only one of the two), and connects. */
  async #offer(
    firstStream: number,
    rids: string[],
    kinds: readonly ('audio' | 'video')[] = ['audio', 'video'],
  ): Promise<LocalStream[]> {
    const ssrcBase = FIRST_SSRC + this.subscriberPeer * 16
    const streams: LocalStream[] = kinds.map((kind, index) => ({
      mid: String(index),
      kind,
      cid: `${this.identity}-${kind}`,
      ssrc: ssrcBase + index,
      ...(kind === 'video' && rids.length > 1 ? { rids } : {}),
    }))
    for (const [index, { kind, cid }] of streams.entries()) {
      const published = this.#signal.next<string>(`published ${cid}`, () => `the announcement of its ${kind}`)
      this.#signal.send({ case: 'addTrack', value: announcement(kind, cid, rids) })
      this.published.push({ kind, trackId: await published, stream: firstStream + index })
    }
    const local = this.#localTransport()
    const answered = this.#signal.next<string>('answer', () => 'an answer to its offer')
    const sdp = publisherOffer(streams, local)
    this.#signal.send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp, id: 1 }) })
    await this.#connect(SignalTarget.PUBLISHER, await answered)
    return streams
  }

  #receive(message: import('@livekit/protocol').SignalResponse['message']): void {
    switch (message.case) {
      case 'join':
        this.#reached = 'joined, no offer'
        this.#subscribe(message.value.otherParticipants)
        break
      case 'update':
        this.#subscribe(message.value.participants)
        break
      case 'offer':
        this.#answer(message.value).catch(error => this.#signal.break((error as Error).message))
        break
      case 'answer':
        this.#signal.emit('answer', message.value.sdp)
        break
      case 'trackPublished':
        this.#signal.emit(`published ${message.value.cid}`, message.value.track?.sid)
        break
      case 'streamStateUpdate':
        for (const { trackSid, state } of message.value.streamStates) {
          if (state !== StreamState.PAUSED) this.#heldNow.delete(trackSid)
          else {
            this.#heldNow.add(trackSid)
            this.#held.add(trackSid)
          }
        }
        break
      case 'trickle': {
        const { target, candidateInit } = message.value
        const candidate = readCandidate(candidateInit)
        if (!candidate) break
        this.#trickled.set(target, [...(this.#trickled.get(target) ?? []), candidate])
        this.#signal.emit(`candidate ${target}`)
        break
      }
    }
  }

  /** To what it wants of these and was not asked about before. */
  #subscribe(participants: readonly ParticipantInfo[]): void {
    const wants = this.#wants
    if (wants === undefined) return
    const trackSids = participants.flatMap(({ identity, tracks }) =>
      tracks.flatMap(({ sid, type }) => {
        if (identity === this.identity || this.#considered.has(sid)) return []
        this.#considered.add(sid)
        return wants(identity, type === TrackType.AUDIO ? 'audio' : 'video') ? [sid] : []
      }),
    )
    if (trackSids.length > 0)
      this.#signal.send({
        case: 'subscription',
        value: new UpdateSubscription({ trackSids, subscribe: true }),
      })
  }

  async #answer(offer: SessionDescription): Promise<void> {
    const sdp = answerSubscriberOffer(offer.sdp, this.#localTransport())
    this.#signal.send({
      case: 'answer',
      value: new SessionDescription({ type: 'answer', sdp, id: offer.id }),
    })
    const streams = offeredStreams(offer.sdp, offer.midToTrackId)
    const added = streams.filter(({ trackId }) => !this.#offered.has(trackId))
    this.#offered = new Map(streams.map(stream => [stream.trackId, stream]))
    const trackSids = added.filter(({ kind }) => kind === 'video').map(({ trackId }) => trackId)
    if (trackSids.length > 0)
      this.#signal.send({
        case: 'trackSetting',
        value: new UpdateTrackSettings({ trackSids, ...this.#shown }),
      })
    if (!this.#isSubscriberOpen) {
      this.#isSubscriberOpen = true
      await this.#connect(SignalTarget.SUBSCRIBER, offer.sdp)
      this.#signal.emit('subscriberConnected')
    }
    const feedbackId = streams.find(({ transportCcId }) => transportCcId)?.transportCcId
    if (feedbackId && !this.#hasFeedback) {
      this.#hasFeedback = true
      this.#clients.feedback(this.subscriberPeer, feedbackId)
    }
  }

  /** The credentials stay the same for all of a peer's descriptions: another ufrag would be an ICE restart. */
  #localTransport() {
    return {
      ufrag: `load${this.subscriberPeer}`,
      password: PASSWORD,
      fingerprint: this.#clients.fingerprint,
    }
  }

  async #connect(target: SignalTarget, sdp: string): Promise<void> {
    const isSubscriber = target === SignalTarget.SUBSCRIBER
    const remote = readTransport(sdp)
    if (remote.candidates.length === 0 && !this.#trickled.has(target))
      await this.#signal.next(`candidate ${target}`, () => 'an address to send media to')
    const candidates = [...remote.candidates, ...(this.#trickled.get(target) ?? [])]
    const { ip, port } = chooseCandidate({ ...remote, candidates }, this.#host)
    this.#reached = `media to ${ip}:${port} is not connected`
    const { ufrag: remoteUfrag, password: remotePassword, fingerprint } = remote
    const { ufrag, password } = this.#localTransport()
    await this.#clients.open(
      this.subscriberPeer + (isSubscriber ? 0 : 1),
      { ip, port, ufrag: remoteUfrag, password: remotePassword, fingerprint },
      {
        // The server that offers actpass or answers passive is the DTLS server.
        role: remote.setup === 'active' ? 'passive' : 'active',
        // RFC 8445 section 6.1.1: who has offered controls, and a lite agent never does.
        isControlled: isSubscriber && !remote.isLite,
        ufrag,
        password,
        onAddress: (ip, port) => this.#trickle(target, hostCandidate(ip, port)),
      },
    )
  }

  /** Tells the server our address, as browsers do: some take one that they were not told of only after a second. */
  #trickle(target: SignalTarget, candidate: string): void {
    const candidateInit = JSON.stringify({ candidate, sdpMid: '0', sdpMLineIndex: 0 })
    this.#signal.send({ case: 'trickle', value: new TrickleRequest({ target, candidateInit }) })
  }
}

function announcement(kind: 'audio' | 'video', cid: string, rids: string[]): AddTrackRequest {
  if (kind === 'audio')
    return new AddTrackRequest({ cid, name: kind, type: TrackType.AUDIO, source: TrackSource.MICROPHONE })
  const named = LAYERS.filter(({ rid }) => rids.includes(rid))
  const sizes = named.length > 0 ? named : [{ width: 640, height: 360, kbps: 1000 }]
  const { width, height } = sizes.at(-1)!
  const layers = sizes.map(
    ({ width, height, kbps }, index) =>
      // One alone is the best there is.
      new VideoLayer({
        quality: sizes.length === 1 ? VideoQuality.HIGH : index,
        width,
        height,
        bitrate: kbps * 1000,
      }),
  )
  return new AddTrackRequest({
    cid,
    name: kind,
    type: TrackType.VIDEO,
    source: TrackSource.CAMERA,
    width,
    height,
    layers,
  })
}
