/** A registry on fake media, and clients that decode what they are sent. For unit tests of room and signalling. */
import { codeOf } from '@diemcau/core/errors.ts'
import {
  AddTrackRequest,
  DataPacket,
  type ParticipantInfo,
  SessionDescription,
  SignalResponse,
  TrackSource,
  TrackType,
  UserPacket,
  type WebhookEvent,
} from '@livekit/protocol'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import {
  defaultJoinQuery,
  type JoinQuery,
  type VerifiedClaims,
  type VideoGrants,
} from '../../src/room/base/claims.ts'
import type { RoomLimits } from '../../src/room/base/limits.ts'
import { silentLog } from '../../src/room/base/log.ts'
import type { SignalLink } from '../../src/room/base/signal-link.ts'
import type { Participant } from '../../src/room/member/participant.ts'
import type { Room } from '../../src/room/room.ts'
import { RoomRegistry, type RoomRegistryOptions } from '../../src/room/room-registry.ts'
import { FakeMediaNode, type FakeOffer, type FakePeer, type FakeRoomMedia } from './fake-media.ts'

export class RecordingLink implements SignalLink {
  readonly messages: SignalResponse['message'][] = []
  closed: { code: number; reason: string } | undefined
  send(message: Uint8Array): void {
    if (!this.closed) this.messages.push(SignalResponse.fromBinary(message).message)
  }
  close(code: number, reason: string): void {
    this.closed ??= { code, reason }
  }
  cases(): string[] {
    return this.messages.map(message => message.case ?? '?')
  }
  all<C extends NonNullable<SignalResponse['message']['case']>>(wanted: C) {
    type Value = Extract<SignalResponse['message'], { case: C }>['value']
    return this.messages.filter(message => message.case === wanted).map(message => message.value as Value)
  }
  last<C extends NonNullable<SignalResponse['message']['case']>>(wanted: C) {
    const value = this.all(wanted).at(-1)
    if (value === undefined) throw new Error(`no ${wanted} among ${this.cases().join(', ')}`)
    return value
  }
  /** The newest info of an identity this client was told of in updates. */
  told(identity: string): ParticipantInfo | undefined {
    return this.all('update')
      .flatMap(update => update.participants)
      .findLast(info => info.identity === identity)
  }
}

export interface Client {
  link: RecordingLink
  participant: Participant
  room: Room
  peer: FakePeer
}

export class TestRooms {
  media!: FakeMediaNode
  events!: (Pick<WebhookEvent, 'event'> & Partial<WebhookEvent>)[]
  registry!: RoomRegistry
  #aheadMs = 0
  constructor(...options: Parameters<TestRooms['renew']>) {
    this.renew(...options)
  }

  /** Begins anew with another registry, other media and no events. The registry before is not closed. */
  renew(
    limits: Partial<RoomLimits> = {},
    {
      now = Date.now,
      ...options
    }: Partial<
      Pick<
        RoomRegistryOptions,
        | 'turn'
        | 'autoCreate'
        | 'peers'
        | 'otherUrls'
        | 'seatForForwarded'
        | 'seatForMoved'
        | 'now'
        | 'elapsed'
      >
    > = {},
  ): void {
    const events: TestRooms['events'] = []
    this.media = new FakeMediaNode()
    this.events = events
    this.#aheadMs = 0
    this.registry = new RoomRegistry({
      media: this.media,
      events: { emit: event => void events.push(event) },
      log: silentLog,
      // Readable, so that tests see what a token would say.
      mint: async (contents, validForS) => JSON.stringify({ ...contents, validForS }),
      limits: { observerUpdateMs: 10, roomUpdateMs: 10, ...limits },
      now: () => now() + this.#aheadMs,
      ...options,
    })
  }

  /** The registry's clock from now on; timers are not moved. */
  advanceMs(ms: number): void {
    this.#aheadMs += ms
  }

  claims(identity: string, video: VideoGrants = {}, rest: Partial<VerifiedClaims> = {}): VerifiedClaims {
    const grants = { roomJoin: true, room: 'R', ...video }
    return {
      identity,
      name: `name of ${identity}`,
      metadata: '',
      attributes: {},
      kind: '',
      kindDetails: [],
      expiresAtS: 0,
      notBeforeS: 0,
      video: grants,
      ...rest,
    }
  }

  /** Joins without waiting for media. */
  enter(
    identity: string,
    options: { video?: VideoGrants; query?: Partial<JoinQuery>; claims?: Partial<VerifiedClaims> } = {},
  ): { link: RecordingLink; participant: Participant; room: Room } {
    const link = new RecordingLink()
    const claims = this.claims(identity, options.video, options.claims)
    const { room, participant } = this.registry.join(claims, { ...defaultJoinQuery, ...options.query }, link)
    return { link, participant, room }
  }

  /** Joins and connects media. */
  async join(identity: string, options: Parameters<TestRooms['enter']>[1] = {}): Promise<Client> {
    const client = this.enter(identity, options)
    await settle()
    const peer = this.media.peer(client.participant.id)
    peer.listener.onConnected('subscriber')
    await settle()
    return { ...client, peer }
  }

  roomMedia(): FakeRoomMedia {
    const room = this.media.rooms.at(-1)
    if (!room) throw new Error('no room')
    return room
  }

  eventNames(): string[] {
    return this.events.map(event => event.event)
  }
}

/** Lets everything that is not waiting for a timer finish. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Rooms anew for each test, on timers that only `wait` moves. Closing the rooms at its end has to end all timers. */
export function useTimedRooms(limits: Partial<RoomLimits> = {}) {
  const rooms = new TestRooms(limits)
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    })
    rooms.renew(limits)
  })
  afterEach(async () => {
    await rooms.registry.close()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
  const wait = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms)
    await settle()
  }
  return { rooms, wait }
}

export const trackRequest = (cid: string, rest: Partial<AddTrackRequest> = {}): AddTrackRequest =>
  new AddTrackRequest({
    cid,
    name: cid,
    type: TrackType.VIDEO,
    source: TrackSource.CAMERA,
    width: 640,
    height: 360,
    ...rest,
  })

export const offer = (content: FakeOffer, id = 0): SessionDescription =>
  new SessionDescription({ type: 'offer', sdp: JSON.stringify(content), id })

/** Publishes a track and returns its sid. */
export async function publish(client: Client, cid: string, rest: Partial<AddTrackRequest> = {}) {
  client.participant.publications.addTrack(trackRequest(cid, rest))
  const { track } = client.link.last('trackPublished')
  await client.participant.publications.handleOffer(offer({ publish: [cid] }))
  await settle()
  return track!.sid as import('@diemcau/core/ids.ts').TrackId
}

export const userPacket = (
  text: string,
  rest: ConstructorParameters<typeof DataPacket>[0] = {},
): Uint8Array =>
  new DataPacket({
    value: { case: 'user', value: new UserPacket({ payload: Buffer.from(text), topic: 'chat' }) },
    ...rest,
  }).toBinary()

/** What this client's media side was given to send, decoded. */
export const received = (client: Client) =>
  client.peer.sent.map(({ kind, payload }) => ({ kind, packet: DataPacket.fromBinary(payload) }))

/** The code with which a call is refused, or 'done'. */
export const codeOfCall = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => codeOf(error),
  )
