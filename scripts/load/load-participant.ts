import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import {
  AddTrackRequest,
  SessionDescription,
  SignalRequest,
  SignalResponse,
  SubscriptionPermission,
  TrackSource,
  TrackType,
  UpdateTrackSettings,
  VideoQuality,
} from '@livekit/protocol'
import { WebSocket } from 'ws'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import {
  answerSubscriberOffer,
  chooseCandidate,
  type LocalStream,
  OFFERED,
  type OfferedStream,
  offeredStreams,
  publisherOffer,
  readTransport,
} from './sdp.ts'

/** A track that this participant publishes. `stream` is the number that travels in its packets. */
export interface PublishedStream {
  kind: 'audio' | 'video'
  trackId: string
  stream: number
}

const STEP_LIMIT_MS = 15_000

/**
 * One participant over LiveKit's signalling (v0, two peer connections), its media carried by RtcClients. Emits `broken`
 * with an Error when the server ends it. close() is safe to call twice.
 */
export class LoadParticipant extends EventEmitter {
  readonly identity: string
  /** Peer of the subscriber connection in RtcClients; the publisher's is one more. */
  readonly subscriberPeer: number
  readonly published: PublishedStream[] = []
  readonly #socket: WebSocket
  readonly #clients: RtcClients
  readonly #host: string
  /** By track id, as last offered. */
  #offered = new Map<string, OfferedStream>()
  #isSubscriberOpen = false
  #hasFeedback = false
  #ping: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(identity: string, socket: WebSocket, clients: RtcClients, peer: number, host: string) {
    super()
    this.identity = identity
    this.#socket = socket
    this.#clients = clients
    this.subscriberPeer = peer
    this.#host = host
  }

  /**
   * Joins the room and connects the subscriber's media.
   *
   * @param peer first of two ids in `clients` that are this participant's
   */
  static async join(options: {
    url: string
    token: string
    identity: string
    clients: RtcClients
    peer: number
  }): Promise<LoadParticipant> {
    const url = new URL('/rtc', options.url.replace(/^http/, 'ws'))
    url.search = new URLSearchParams({
      access_token: options.token,
      auto_subscribe: '1',
      protocol: '16',
      sdk: 'js',
      version: '2.0.0',
    }).toString()
    const socket = new WebSocket(url, { perMessageDeflate: false })
    socket.binaryType = 'nodebuffer'
    const participant = new LoadParticipant(
      options.identity,
      socket,
      options.clients,
      options.peer,
      url.hostname,
    )
    const connected = participant.#next('subscriberConnected', 'its subscriber connection')
    socket.on('message', (data: Buffer) => participant.#receive(data))
    socket.on('unexpected-response', (_request, response) => {
      participant.#break(new Error(`${options.identity}: the server answered ${response.statusCode}`))
      response.destroy()
    })
    socket.on('error', error => participant.#break(new Error(`${options.identity}: ${error.message}`)))
    socket.on('close', code =>
      participant.#break(new Error(`${options.identity}: the socket closed (${code})`)),
    )
    try {
      await connected
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

  /**
   * Publishes one opus and one VP8 track; `firstStream` and the number after it travel in their packets.
   *
   * @param onlyFor identities that may subscribe to them; by default everybody
   */
  async publish(firstStream: number, onlyFor?: readonly string[]): Promise<void> {
    if (onlyFor) {
      const trackPermissions = onlyFor.map(participantIdentity => ({ participantIdentity, allTracks: true }))
      this.#send({
        case: 'subscriptionPermission',
        value: new SubscriptionPermission({ allParticipants: false, trackPermissions }),
      })
    }
    const ssrcBase = 0x10000000 + this.subscriberPeer * 16
    const streams: LocalStream[] = (['audio', 'video'] as const).map((kind, index) => ({
      mid: String(index),
      kind,
      cid: `${this.identity}-${kind}`,
      ssrc: ssrcBase + index,
    }))
    for (const [index, { kind, cid }] of streams.entries()) {
      const published = this.#next(`published ${cid}`, `the announcement of its ${kind}`)
      const isVideo = kind === 'video'
      this.#send({
        case: 'addTrack',
        value: new AddTrackRequest({
          cid,
          name: kind,
          type: isVideo ? TrackType.VIDEO : TrackType.AUDIO,
          source: isVideo ? TrackSource.CAMERA : TrackSource.MICROPHONE,
          ...(isVideo
            ? { width: 640, height: 360, layers: [{ quality: VideoQuality.HIGH, width: 640, height: 360 }] }
            : {}),
        }),
      })
      this.published.push({ kind, trackId: (await published) as string, stream: firstStream + index })
    }
    const local = this.#localTransport()
    const answered = this.#next('answer', 'an answer to its offer')
    this.#send({
      case: 'offer',
      value: new SessionDescription({ type: 'offer', sdp: publisherOffer(streams, local), id: 1 }),
    })
    await this.#connect(this.subscriberPeer + 1, (await answered) as string, local.ufrag)
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

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#ping)
    if (this.#socket.readyState === WebSocket.OPEN) this.#send({ case: 'leave', value: {} as never })
    this.#clients.closePeer(this.subscriberPeer)
    this.#clients.closePeer(this.subscriberPeer + 1)
    this.#socket.close()
  }

  #receive(data: Buffer): void {
    const { message } = SignalResponse.fromBinary(data)
    switch (message.case) {
      case 'join': {
        const seconds = message.value.pingInterval || 5
        this.#ping = setInterval(
          () => this.#send({ case: 'pingReq', value: { timestamp: BigInt(Date.now()) } as never }),
          seconds * 1000,
        )
        break
      }
      case 'offer':
        this.#answer(message.value).catch(error => this.#break(error as Error))
        break
      case 'answer':
        this.emit('answer', message.value.sdp)
        break
      case 'trackPublished':
        this.emit(`published ${message.value.cid}`, message.value.track?.sid)
        break
      case 'leave':
        this.#break(new Error(`${this.identity}: the server sent leave (reason ${message.value.reason})`))
        break
    }
  }

  async #answer(offer: SessionDescription): Promise<void> {
    const local = this.#localTransport()
    this.#send({
      case: 'answer',
      value: new SessionDescription({
        type: 'answer',
        sdp: answerSubscriberOffer(offer.sdp, local),
        id: offer.id,
      }),
    })
    const streams = offeredStreams(offer.sdp, offer.midToTrackId)
    const added = streams.filter(({ trackId }) => !this.#offered.has(trackId))
    this.#offered = new Map(streams.map(stream => [stream.trackId, stream]))
    const video = added.filter(({ kind }) => kind === 'video').map(({ trackId }) => trackId)
    if (video.length > 0) {
      this.#send({
        case: 'trackSetting',
        value: new UpdateTrackSettings({
          trackSids: video,
          width: 640,
          height: 360,
          quality: VideoQuality.HIGH,
        }),
      })
    }
    if (!this.#isSubscriberOpen) {
      this.#isSubscriberOpen = true
      await this.#connect(this.subscriberPeer, offer.sdp, local.ufrag)
      this.emit('subscriberConnected')
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

  async #connect(peer: number, sdp: string, ufrag: string): Promise<void> {
    const remote = readTransport(sdp)
    const { ip, port } = chooseCandidate(remote, this.#host)
    // The server that offers actpass or answers passive is the DTLS server.
    const role = remote.setup === 'active' ? 'passive' : 'active'
    const { ufrag: remoteUfrag, password, fingerprint } = remote
    await this.#clients.open(peer, { ip, port, ufrag: remoteUfrag, password, fingerprint }, { role, ufrag })
  }

  #send(message: SignalRequest['message']): void {
    this.#socket.send(new SignalRequest({ message }).toBinary())
  }

  /** Resolves with the next such event; rejects when the participant breaks before or nothing comes. */
  #next(event: string, what: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        this.removeListener(event, onEvent)
        this.removeListener('broken', onBroken)
      }
      const onEvent = (value: unknown) => {
        settle()
        resolve(value)
      }
      const onBroken = (error: Error) => {
        settle()
        reject(error)
      }
      const timer = setTimeout(() => {
        settle()
        reject(new Error(`${this.identity} waited ${STEP_LIMIT_MS / 1000} s for ${what}`))
      }, STEP_LIMIT_MS)
      this.once(event, onEvent)
      this.once('broken', onBroken)
    })
  }

  #break(error: Error): void {
    if (this.#isClosed) return
    this.emit('broken', error)
  }
}

const PASSWORD = randomBytes(12).toString('hex')
