import {
  AddTrackRequest,
  MuteTrackRequest,
  SessionDescription,
  type SignalRequest,
  SubscriptionPermission,
  SyncState,
  TrackPermission,
  type TrackSource,
  TrackType,
  UpdateParticipantMetadata,
  UpdateSubscription,
  UpdateTrackSettings,
} from '@livekit/protocol'
import fc from 'fast-check'
import type { RunningSfu } from '../harness/start-sfu.ts'
import { RawClient } from './raw-client.ts'

/** One thing a visitor does on its signal socket, legal or not. `at` chooses among what there is. */
export type Step =
  | { do: 'addTrack'; kind: 'AUDIO' | 'VIDEO' | 'DATA'; cid: number; source: number }
  | { do: 'addCodec'; at: number }
  | { do: 'offer'; cids: number[]; isStopped: boolean; ufrag: number }
  | { do: 'answer'; id: number }
  | { do: 'mute'; at: number; isMuted: boolean; whose: Whose }
  | { do: 'subscribe'; wanted: boolean; whose: Whose; times: number }
  | { do: 'settings'; whose: Whose; quality: number; isDisabled: boolean; fps: number }
  | { do: 'permission'; isAll: boolean; entries: number }
  | { do: 'metadata'; bytes: number; requestId: number }
  | { do: 'syncState'; whose: Whose }
  | { do: 'drop' }
  | { do: 'resume'; as: 'self' | 'honest-an' | 'nobody' }
  | { do: 'joinAgain' }
  | { do: 'leave' }
/** Tracks of its own, of the honest participant, or that nobody has. */
type Whose = 'own' | 'honest' | 'nobody'

const whose = fc.constantFrom<Whose>('own', 'honest', 'nobody')
const small = fc.nat({ max: 3 })
export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('addTrack' as const),
    kind: fc.constantFrom('AUDIO' as const, 'VIDEO' as const, 'DATA' as const),
    cid: small,
    source: fc.integer({ min: 0, max: 5 }),
  }),
  fc.record({ do: fc.constant('addCodec' as const), at: small }),
  fc.record({
    do: fc.constant('offer' as const),
    cids: fc.array(small, { maxLength: 3 }),
    isStopped: fc.boolean(),
    ufrag: fc.nat({ max: 1 }),
  }),
  fc.record({ do: fc.constant('answer' as const), id: fc.nat({ max: 4 }) }),
  fc.record({ do: fc.constant('mute' as const), at: small, isMuted: fc.boolean(), whose }),
  fc.record({
    do: fc.constant('subscribe' as const),
    wanted: fc.boolean(),
    whose,
    times: fc.constantFrom(1, 2, 50),
  }),
  fc.record({
    do: fc.constant('settings' as const),
    whose,
    quality: fc.integer({ min: 0, max: 5 }),
    isDisabled: fc.boolean(),
    fps: fc.nat(),
  }),
  fc.record({
    do: fc.constant('permission' as const),
    isAll: fc.boolean(),
    entries: fc.constantFrom(0, 1, 500),
  }),
  fc.record({
    do: fc.constant('metadata' as const),
    bytes: fc.constantFrom(0, 10, 70_000),
    requestId: fc.nat({ max: 2 }),
  }),
  fc.record({ do: fc.constant('syncState' as const), whose }),
  fc.record({ do: fc.constant('drop' as const) }),
  fc.record({
    do: fc.constant('resume' as const),
    as: fc.constantFrom('self' as const, 'honest-an' as const, 'nobody' as const),
  }),
  fc.record({ do: fc.constant('joinAgain' as const) }),
  fc.record({ do: fc.constant('leave' as const) }),
)

/**
 * A visitor and what must be true of it: the model. Knows whether it is in the room, which tracks it was promised, and how
 * many answers are due; `run` plays a step, `verify` compares with what the server said.
 */
export class Visitor {
  readonly #sfu: RunningSfu
  readonly #room: string
  readonly #identity: string
  readonly #honestTracks: string[]
  #client: RawClient
  /** False once it said goodbye or was told to go. */
  #isIn = true
  #offers = 0
  #tracks = 0
  #sid: string

  private constructor(
    sfu: RunningSfu,
    room: string,
    identity: string,
    honestTracks: string[],
    client: RawClient,
  ) {
    this.#sfu = sfu
    this.#room = room
    this.#identity = identity
    this.#honestTracks = honestTracks
    this.#client = client
    this.#sid = client.sid
  }

  static async join(sfu: RunningSfu, room: string, identity: string): Promise<Visitor> {
    const client = await RawClient.join(sfu, { room, identity, canUpdateOwnMetadata: true })
    const others = client.all('join')[0]?.otherParticipants ?? []
    const honest = others.find(other => other.identity === 'honest-an')
    return new Visitor(sfu, room, identity, honest?.tracks.map(track => track.sid) ?? [], client)
  }

  async run(action: Step): Promise<void> {
    switch (action.do) {
      case 'drop':
        this.#client.terminate()
        return
      case 'resume':
        return this.#resume(action.as)
      case 'joinAgain':
        // The same person from another machine: the older connection has to go.
        return this.#replace(await RawClient.join(this.#sfu, this.#grants()), 'join')
      case 'leave':
        if (this.#client.isOpen) this.#isIn = false
        this.#send({ case: 'leave', value: {} as never })
        return
      default:
        this.#send(this.#requestOf(action))
        // Some are sent in a burst, others one by one.
        if (action.do === 'offer' || action.do === 'answer') await this.verify()
    }
  }

  /** Everything sent so far was dealt with: each request that has an answer got it, or the visitor is out and was told. */
  async verify(): Promise<void> {
    const client = this.#client
    if (client.closed || !client.isOpen) return
    const isAlive = await client.settled()
    if (!isAlive) {
      const { closed } = client as RawClient
      if (this.#isIn && client.all('leave').length === 0 && !closed?.reason)
        throw new Error(`closed without a reason: ${JSON.stringify(closed)}`)
      return
    }
    const tracksAnswered = client.all('trackPublished').length + client.all('requestResponse').length
    if (tracksAnswered < this.#tracks) throw new Error(`${this.#tracks} tracks, ${tracksAnswered} answers`)
    await client.until(
      () =>
        client.all('answer').length >= this.#offers ||
        client.all('leave').length > 0 ||
        client.closed !== undefined,
      `${this.#offers} answers to offers`,
    )
  }

  async close(): Promise<void> {
    this.#send({ case: 'leave', value: {} as never })
    this.#client.terminate()
  }

  #grants() {
    return { room: this.#room, identity: this.#identity, canUpdateOwnMetadata: true }
  }

  async #resume(as: 'self' | 'honest-an' | 'nobody'): Promise<void> {
    // The sid of another is of no use: the token's identity has to be that participant's.
    const sid = as === 'self' ? this.#sid : as === 'nobody' ? 'PA_nobody' : this.#honestSid()
    const next = await RawClient.join(this.#sfu, this.#grants(), { reconnect: '1', sid })
    const first = next.cases()[0]
    if (as !== 'self' && first !== 'leave') throw new Error(`resumed as ${as}: ${first}`)
    if (first === 'reconnect') this.#replace(next, 'reconnect')
    else next.terminate()
  }

  #honestSid(): string {
    const join = this.#client.all('join')[0]
    return join?.otherParticipants.find(other => other.identity === 'honest-an')?.sid ?? 'PA_unknown'
  }

  #replace(next: RawClient, expected: 'join' | 'reconnect'): void {
    const first = next.cases()[0]
    if (first !== expected) throw new Error(`${expected} was answered with ${first}`)
    this.#client.terminate()
    this.#client = next
    this.#isIn = true
    this.#offers = 0
    this.#tracks = 0
    if (expected === 'join') this.#sid = next.sid
  }

  #sids(from: Whose): string[] {
    if (from === 'honest') return this.#honestTracks
    if (from === 'nobody') return ['TR_nobody', '', 'constructor']
    return this.#client.all('trackPublished').map(({ track }) => track?.sid ?? '')
  }

  #requestOf(
    action: Exclude<Step, { do: 'drop' | 'resume' | 'joinAgain' | 'leave' }>,
  ): SignalRequest['message'] {
    switch (action.do) {
      case 'addTrack':
        if (this.#client.isOpen) this.#tracks += 1
        return {
          case: 'addTrack',
          value: new AddTrackRequest({
            cid: `${this.#identity}-${action.cid}`,
            name: 'x',
            type: TrackType[action.kind],
            source: action.source as TrackSource,
            width: 640,
            height: 360,
          }),
        }
      case 'addCodec': {
        const sid = this.#sids('own')[action.at] ?? 'TR_nobody'
        if (this.#client.isOpen) this.#tracks += 1
        const simulcastCodecs = [{ codec: 'vp8', cid: `backup-${action.at}` }]
        const value = new AddTrackRequest({ cid: 'b', sid, type: TrackType.VIDEO, simulcastCodecs } as never)
        return { case: 'addTrack', value }
      }
      case 'offer': {
        if (this.#client.isOpen) this.#offers += 1
        const sdp = offerOf(this.#identity, action.cids, action.isStopped, action.ufrag)
        const value = new SessionDescription({ type: 'offer', sdp, id: this.#offers })
        return { case: 'offer', value }
      }
      case 'answer': {
        const offered = this.#client.all('offer').at(-1)
        const sdp = answerOf(offered?.sdp ?? '')
        const value = new SessionDescription({ type: 'answer', sdp, id: action.id })
        return { case: 'answer', value }
      }
      case 'mute': {
        const sids = this.#sids(action.whose)
        const sid = sids[action.at % Math.max(1, sids.length)] ?? 'TR_nobody'
        return { case: 'mute', value: new MuteTrackRequest({ sid, muted: action.isMuted }) }
      }
      case 'subscribe': {
        const trackSids = Array.from({ length: action.times }, () => this.#sids(action.whose)).flat()
        const value = new UpdateSubscription({ trackSids, subscribe: action.wanted })
        return { case: 'subscription', value }
      }
      case 'settings': {
        const { quality, isDisabled: disabled, fps } = action
        const trackSids = this.#sids(action.whose)
        const value = new UpdateTrackSettings({ trackSids, disabled, quality, fps, width: fps, height: fps })
        return { case: 'trackSetting', value }
      }
      case 'permission': {
        const entry = new TrackPermission({
          participantIdentity: 'honest-binh',
          trackSids: this.#sids('own'),
        })
        const trackPermissions = Array.from({ length: action.entries }, () => entry)
        const value = new SubscriptionPermission({ allParticipants: action.isAll, trackPermissions })
        return { case: 'subscriptionPermission', value }
      }
      case 'metadata': {
        const { requestId, bytes } = action
        const value = new UpdateParticipantMetadata({ metadata: 'm'.repeat(bytes), requestId })
        return { case: 'updateMetadata', value }
      }
      case 'syncState': {
        const trackSids = this.#sids(action.whose)
        const subscription = new UpdateSubscription({ trackSids, subscribe: true })
        const value = new SyncState({ subscription, trackSidsDisabled: trackSids })
        return { case: 'syncState', value }
      }
    }
  }

  #send(message: SignalRequest['message']): void {
    this.#client.request(message)
  }
}

const FINGERPRINT = Array.from({ length: 32 }, (_, index) => (index + 16).toString(16))
  .join(':')
  .toUpperCase()

/** A publisher offer of one section a cid, by kind in turns; the transport behind it never comes up. */
function offerOf(identity: string, cids: number[], isStopped: boolean, ufrag: number): string {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0']
  for (const [index, cid] of cids.entries()) {
    const kind = cid % 2 === 0 ? 'audio' : 'video'
    const [pt, map] = kind === 'audio' ? [111, 'opus/48000/2'] : [96, 'VP8/90000']
    lines.push(
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${pt}`,
      'c=IN IP4 0.0.0.0',
      `a=ice-ufrag:u${ufrag}`,
      'a=ice-pwd:pppppppppppppppppppppppp',
      `a=fingerprint:sha-256 ${FINGERPRINT}`,
      'a=setup:actpass',
      `a=mid:${index}`,
      isStopped ? 'a=inactive' : 'a=sendonly',
      `a=msid:- ${identity}-${cid}`,
      `a=rtpmap:${pt} ${map}`,
      // The same number from every visitor, as bad luck or bad will would have it.
      `a=ssrc:${1000 + cid} cname:x`,
    )
  }
  return `${lines.join('\r\n')}\r\n`
}

/** Takes whatever the offer holds; an offer that never came is answered all the same. */
function answerOf(offer: string): string {
  const own = [`a=ice-ufrag:a`, 'a=ice-pwd:pppppppppppppppppppppppp', `a=fingerprint:sha-256 ${FINGERPRINT}`]
  return offer
    .split('\r\n')
    .filter(line => !/^a=(candidate|end-of|ice-|fingerprint|setup|ssrc|msid)/.test(line))
    .map(line => line.replace('a=sendonly', 'a=recvonly'))
    .flatMap(line => (line.startsWith('a=mid:') ? [line, ...own, 'a=setup:active'] : [line]))
    .join('\r\n')
}
