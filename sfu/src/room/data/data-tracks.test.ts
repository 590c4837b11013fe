import {
  type DataBlob,
  DataTrackFrameEncoding,
  Encryption_Type,
  GetDataBlobRequest,
  ParticipantPermission,
  PublishDataTrackRequest,
  PublishDataTrackResponse,
  RequestResponse_Reason as Reason,
  StoreDataBlobRequest,
  SubscriptionError,
  SubscriptionPermission,
  SyncState,
  UnpublishDataTrackRequest,
  UpdateDataSubscription,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, settle, TestRooms } from '../../../test/room-support/test-room.ts'
import { parseDataTrackHeader } from './data-track-packet.ts'

let rooms: TestRooms
let an: Client
let binh: Client
beforeEach(async () => {
  rooms = new TestRooms({ dataTracksPerParticipant: 3, dataTrackSubscriptions: 2 })
  an = await rooms.join('an')
  binh = await rooms.join('binh')
})
afterEach(() => rooms.registry.close())

const request = (pubHandle: number, name = `track ${pubHandle}`, rest = {}) =>
  new PublishDataTrackRequest({ pubHandle, name, ...rest })

/** Publishes and returns the sid. */
function publish(client: Client, pubHandle: number, name?: string): string {
  client.room.data.tracks.publish(client.participant, request(pubHandle, name))
  return client.link.last('publishDataTrackResponse').info?.sid ?? ''
}

const subscribe = (
  client: Client,
  trackSid: string,
  rest: { subscribe?: boolean; targetFps?: number } = {},
) =>
  client.room.data.tracks.updateSubscription(
    client.participant,
    new UpdateDataSubscription({
      updates: [
        {
          trackSid,
          subscribe: rest.subscribe ?? true,
          ...(rest.targetFps ? { options: { targetFps: rest.targetFps } } : {}),
        },
      ],
    }),
  )

const mayOnlySubscribe = () => new ParticipantPermission({ canSubscribe: true, canPublish: true })

/** A packet of a whole frame. */
function packet(handle: number, text: string, frame = 1): Buffer {
  const header = Buffer.alloc(12)
  header[0] = 0b11000
  header.writeUInt16BE(handle, 2)
  header.writeUInt16BE(frame, 6)
  return Buffer.concat([header, Buffer.from(text)])
}
const emit = (client: Client, payload: Uint8Array) => client.peer.listener.onData('data_track', payload)
const got = (client: Client) =>
  client.peer.sent
    .filter(({ kind }) => kind === 'data_track')
    .map(({ payload }) => ({
      handle: parseDataTrackHeader(payload)?.handle,
      text: Buffer.from(payload).subarray(12).toString(),
    }))

describe('a data track', () => {
  it('is published under a new sid, told to the others, and ends at its publisher’s wish', () => {
    const sid = publish(an, 7, 'position')
    expect(sid).toMatch(/^DTR_/)
    expect(an.link.last('publishDataTrackResponse').info).toMatchObject({ pubHandle: 7, name: 'position' })
    expect(binh.link.told('an')).toMatchObject({ isPublisher: true, dataTracks: [{ sid, name: 'position' }] })
    an.room.data.tracks.unpublish(an.participant, new UnpublishDataTrackRequest({ pubHandle: 7 }))
    expect(an.link.last('unpublishDataTrackResponse').info?.sid).toBe(sid)
    expect(binh.link.told('an')).toMatchObject({ isPublisher: false, dataTracks: [] })
    expect(publish(an, 7, 'position')).not.toBe(sid)
  })

  it('keeps encryption, encoding and schema as published', () => {
    const frameEncoding = new DataTrackFrameEncoding({ value: { case: 'custom', value: 'mine' } })
    const schema = { name: 'Point', encoding: { value: { case: 'custom' as const, value: 'idl' } } }
    const rest = { frameEncoding, schema, encryption: Encryption_Type.GCM }
    an.room.data.tracks.publish(an.participant, request(1, 'typed', rest))
    expect(binh.link.told('an')?.dataTracks[0]).toMatchObject({ ...rest, name: 'typed' })
  })

  it('is refused with the reason, and the refusal names the request', async () => {
    publish(an, 1)
    const cases: [PublishDataTrackRequest, Reason][] = [
      [request(0), Reason.INVALID_HANDLE],
      [request(65_536), Reason.INVALID_HANDLE],
      [request(2, ''), Reason.INVALID_NAME],
      [request(2, 'x'.repeat(257)), Reason.INVALID_NAME],
      [request(2, 'x\0'), Reason.INVALID_NAME],
      [request(1, 'other'), Reason.DUPLICATE_HANDLE],
      [request(2, 'track 1'), Reason.DUPLICATE_NAME],
      [request(2, 'e', { frameEncoding: { value: { case: 'custom', value: '' } } }), Reason.INVALID_REQUEST],
      [request(2, 's', { schema: { name: '' } }), Reason.INVALID_REQUEST],
    ]
    for (const [count, [wrong, reason]] of cases.entries()) {
      an.room.data.tracks.publish(an.participant, wrong)
      expect(an.link.all('requestResponse')).toHaveLength(count + 1)
      expect(an.link.last('requestResponse')).toMatchObject({
        reason,
        request: { case: 'publishDataTrack', value: { pubHandle: wrong.pubHandle } },
      })
    }
    publish(an, 2)
    publish(an, 3)
    an.room.data.tracks.publish(an.participant, request(4))
    expect(an.link.last('requestResponse').reason).toBe(Reason.LIMIT_EXCEEDED)
    an.room.data.tracks.unpublish(an.participant, new UnpublishDataTrackRequest({ pubHandle: 99 }))
    expect(an.link.last('requestResponse')).toMatchObject({
      reason: Reason.NOT_FOUND,
      request: { case: 'unpublishDataTrack' },
    })
    const mute = await rooms.join('mute', { video: { canPublishData: false } })
    mute.room.data.tracks.publish(mute.participant, request(1))
    expect(mute.link.last('requestResponse').reason).toBe(Reason.NOT_ALLOWED)
  })

  it('goes to those who asked, under the handle they were told, and to nobody else', async () => {
    const chi = await rooms.join('chi')
    const sid = publish(an, 500)
    const other = publish(an, 501)
    subscribe(binh, sid)
    const { subHandles } = binh.link.last('dataTrackSubscriberHandles')
    const [[handle, named] = []] = Object.entries(subHandles)
    expect(named).toMatchObject({ publisherIdentity: 'an', publisherSid: an.participant.id, trackSid: sid })
    emit(an, packet(500, 'one'))
    emit(an, packet(501, 'of the other track'))
    emit(an, packet(502, 'of none'))
    emit(binh, packet(500, 'somebody else’s handle'))
    emit(an, Buffer.from('malformed'))
    expect(got(binh)).toEqual([{ handle: Number(handle), text: 'one' }])
    expect(got(chi)).toEqual([])
    expect(got(an)).toEqual([])
    subscribe(binh, other)
    expect(Object.keys(binh.link.last('dataTrackSubscriberHandles').subHandles)).toHaveLength(2)
    subscribe(binh, sid, { subscribe: false })
    emit(an, packet(500, 'two'))
    emit(an, packet(501, 'three'))
    expect(got(binh).map(({ text }) => text)).toEqual(['one', 'three'])
  })

  it('that is not there, one’s own, or one too many is answered', async () => {
    const ghost = await rooms.join('ghost', { video: { hidden: true } })
    const hidden = publish(ghost, 1)
    const own = publish(binh, 1)
    for (const sid of ['DTR_nobody', hidden, own]) {
      subscribe(binh, sid)
      expect(binh.link.last('subscriptionResponse')).toMatchObject({
        trackSid: sid,
        err: SubscriptionError.SE_TRACK_NOTFOUND,
      })
    }
    const sids = [publish(an, 1), publish(an, 2), publish(an, 3)]
    for (const sid of sids) subscribe(binh, sid)
    expect(binh.link.last('subscriptionResponse')).toMatchObject({
      trackSid: sids[2],
      err: SubscriptionError.SE_UNKNOWN,
    })
    subscribe(binh, sids[0]!, { subscribe: false })
    subscribe(binh, sids[2]!)
    expect(Object.keys(binh.link.last('dataTrackSubscriberHandles').subHandles)).toHaveLength(2)
  })

  it('is received without asking by those who said so when joining', async () => {
    const eager = await rooms.join('eager', { query: { autoSubscribeDataTrack: true } })
    publish(an, 1)
    const told = eager.link.cases().lastIndexOf('update')
    expect(eager.link.cases().lastIndexOf('dataTrackSubscriberHandles')).toBeGreaterThan(told)
    emit(an, packet(1, 'x'))
    expect(got(eager)).toHaveLength(1)
    expect(got(binh)).toHaveLength(0)
    const late = await rooms.join('late', { query: { autoSubscribeDataTrack: true } })
    expect(Object.keys(late.link.last('dataTrackSubscriberHandles').subHandles)).toHaveLength(1)
  })

  it('that its publisher forbids is told to be forbidden to whoever asks, and comes once it is allowed', () => {
    const sid = publish(an, 1)
    const permit = (allParticipants: boolean) =>
      an.room.changeSubscriptionPermission(an.participant, new SubscriptionPermission({ allParticipants }))
    permit(false)
    subscribe(binh, sid)
    const told = { participantSid: an.participant.id, trackSid: sid }
    expect(binh.link.all('subscriptionPermissionUpdate')).toMatchObject([{ ...told, allowed: false }])
    expect(binh.link.last('dataTrackSubscriberHandles').subHandles).toEqual({})
    permit(true)
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ ...told, allowed: true })
    expect(Object.keys(binh.link.last('dataTrackSubscriberHandles').subHandles)).toHaveLength(1)
  })

  it('comes and goes with the publisher’s and the room’s permissions', () => {
    const sid = publish(an, 1)
    subscribe(binh, sid)
    const allow = (identity: string) =>
      an.room.changeSubscriptionPermission(
        an.participant,
        new SubscriptionPermission({
          trackPermissions: [{ participantIdentity: identity, trackSids: [sid] }],
        }),
      )
    allow('chi')
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: sid, allowed: false })
    expect(binh.link.last('dataTrackSubscriberHandles').subHandles).toEqual({})
    emit(an, packet(1, 'not for binh'))
    allow('binh')
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: sid, allowed: true })
    emit(an, packet(1, 'for binh'))
    const permission = { canSubscribe: true, canPublish: true, canPublishData: true }
    const change = (client: Client, rest = {}) =>
      client.room.changes.permission(
        client.participant,
        new ParticipantPermission({ ...permission, ...rest }),
      )
    change(binh, { canSubscribe: false })
    emit(an, packet(1, 'not now'))
    change(binh)
    emit(an, packet(1, 'again'))
    expect(got(binh).map(({ text }) => text)).toEqual(['for binh', 'again'])
    change(an, { canPublishData: false })
    expect(an.link.last('unpublishDataTrackResponse').info?.sid).toBe(sid)
    expect(binh.link.told('an')?.dataTracks).toEqual([])
    emit(an, packet(1, 'gone'))
    expect(got(binh)).toHaveLength(2)
  })

  it('ends with its publisher, and a subscriber that leaves costs nothing more', async () => {
    const sid = publish(an, 1)
    subscribe(binh, sid)
    an.room.leave(an.participant, 'client_left')
    expect(binh.link.told('an')?.dataTracks).toEqual([])
    subscribe(binh, sid)
    expect(binh.link.last('subscriptionResponse').trackSid).toBe(sid)
    const again = await rooms.join('an')
    const renewed = publish(again, 1)
    subscribe(binh, renewed)
    binh.room.leave(binh.participant, 'client_left')
    emit(again, packet(1, 'nobody listens'))
    expect(got(binh)).toEqual([])
  })

  describe.each<[string, (sid: string) => void | Promise<void>]>([
    [
      'was unpublished',
      () => an.room.data.tracks.unpublish(an.participant, new UnpublishDataTrackRequest({ pubHandle: 1 })),
    ],
    ['was unsubscribed', sid => subscribe(binh, sid, { subscribe: false })],
    ['ended with its publisher’s leave', () => an.room.leave(an.participant, 'client_left')],
    ['ended with its publisher’s removal', () => an.room.leave(an.participant, 'removed')],
    ['ended with a new connection of its publisher', async () => void (await rooms.join('an'))],
    [
      'ended with its publisher’s permission',
      () => an.room.changes.permission(an.participant, mayOnlySubscribe()),
    ],
  ])('that %s', (_how, end) => {
    it('leaves its subscribers the handles that still count, told once', async () => {
      const chi = await rooms.join('chi')
      const sid = publish(an, 1)
      const other = publish(an, 2)
      const staying = publish(chi, 1)
      subscribe(binh, sid)
      subscribe(binh, staying)
      const before = binh.link.all('dataTrackSubscriberHandles').length
      const outside = chi.link.all('dataTrackSubscriberHandles').length
      await end(sid)
      await settle()
      expect(Object.values(binh.link.last('dataTrackSubscriberHandles').subHandles)).toMatchObject([
        { trackSid: staying, publisherIdentity: 'chi' },
      ])
      expect(binh.link.all('dataTrackSubscriberHandles')).toHaveLength(before + 1)
      // Who had asked for none of them is told nothing.
      expect(chi.link.all('dataTrackSubscriberHandles')).toHaveLength(outside)
      expect(other).toMatch(/^DTR_/)
    })
  })

  it('that ends while its subscriber was not allowed to have it changes no handles', () => {
    const sid = publish(an, 1)
    an.room.changeSubscriptionPermission(an.participant, new SubscriptionPermission({}))
    subscribe(binh, sid)
    const before = binh.link.all('dataTrackSubscriberHandles').length
    an.room.data.tracks.unpublish(an.participant, new UnpublishDataTrackRequest({ pubHandle: 1 }))
    expect(binh.link.all('dataTrackSubscriberHandles')).toHaveLength(before)
  })

  it('thins whole frames to the rate a subscriber asked for', () => {
    const sid = publish(an, 1)
    subscribe(binh, sid, { targetFps: 1 })
    const start = packet(1, 'start ', 1)
    start[0] = 0b10000
    const end = packet(1, 'end', 1)
    end[0] = 0b01000
    emit(an, start)
    emit(an, end)
    for (let frame = 2; frame < 20; frame++) emit(an, packet(1, 'too soon', frame))
    expect(got(binh).map(({ text }) => text)).toEqual(['start ', 'end'])
    subscribe(binh, sid)
    emit(an, packet(1, 'at full rate', 20))
    expect(got(binh)).toHaveLength(3)
  })

  it('that the client believes in after a resume and that is gone is taken down; handles are told again', async () => {
    const sid = publish(an, 1)
    subscribe(binh, sid)
    const info = { sid: 'DTR_gone', pubHandle: 9, name: 'gone' }
    an.room.data.sync(
      an.participant,
      new SyncState({
        publishDataTracks: [
          new PublishDataTrackResponse({ info }),
          new PublishDataTrackResponse({ info: { sid, pubHandle: 1, name: 'track 1' } }),
        ],
      }),
    )
    expect(an.link.all('unpublishDataTrackResponse').map(({ info }) => info?.sid)).toEqual(['DTR_gone'])
    const before = binh.link.all('dataTrackSubscriberHandles').length
    binh.room.data.sync(binh.participant, new SyncState())
    expect(binh.link.all('dataTrackSubscriberHandles')).toHaveLength(before + 1)
    await settle()
    emit(an, packet(1, 'still'))
    expect(got(binh)).toHaveLength(1)
  })
})

describe('data blobs', () => {
  const key = (value: string) => ({ key: { case: 'generic' as const, value } })
  const store = (
    client: Client,
    blob: ConstructorParameters<typeof DataBlob>[0] | undefined,
    requestId = 1,
  ) =>
    client.room.data.blobs.store(
      client.participant,
      new StoreDataBlobRequest({ requestId, ...(blob ? { blob } : {}) }),
    )
  const get = (client: Client, participantIdentity: string, wanted = key('k'), requestId = 2) =>
    client.room.data.blobs.get(
      client.participant,
      new GetDataBlobRequest({ requestId, participantIdentity, key: wanted }),
    )

  it('are read by the others under owner and key, as last stored', () => {
    store(an, { key: key('k'), contents: Buffer.from('old') })
    store(an, { key: key('k'), contents: Buffer.from('new') }, 5)
    expect(an.link.last('storeDataBlobResponse')).toMatchObject({ requestId: 5, key: key('k') })
    const schemaId = {
      key: {
        case: 'schemaId' as const,
        value: { name: 'k', encoding: { value: { case: 'wellKnown' as const, value: 1 } } },
      },
    }
    store(an, { key: schemaId, contents: Buffer.from('a schema') })
    get(binh, 'an')
    const found = binh.link.last('getDataBlobResponse')
    expect(found.requestId).toBe(2)
    expect(Buffer.from(found.blob?.contents ?? []).toString()).toBe('new')
  })

  it('are refused with the reason', async () => {
    const reasons: Reason[] = []
    const tell = (client: Client) => {
      reasons.push(client.link.last('requestResponse').reason)
      // One refusal must not stand for the next.
      client.link.messages.length = 0
    }
    store(an, undefined)
    tell(an)
    store(an, { key: key(''), contents: Uint8Array.of(1) })
    tell(an)
    store(an, { key: key('k'.repeat(300)), contents: Uint8Array.of(1) })
    tell(an)
    store(an, { key: key('k') })
    tell(an)
    store(an, { key: key('k'), contents: new Uint8Array(50_001) })
    tell(an)
    store(an, { key: key('k'), contents: new Uint8Array(40_000) })
    store(an, { key: key('l'), contents: new Uint8Array(40_000) })
    tell(an)
    get(binh, 'an', key('l'))
    tell(binh)
    get(binh, 'nobody')
    tell(binh)
    binh.room.data.blobs.get(binh.participant, new GetDataBlobRequest({ participantIdentity: 'an' }))
    tell(binh)
    const mute = await rooms.join('mute', { video: { canPublishData: false } })
    store(mute, { key: key('k'), contents: Uint8Array.of(1) })
    tell(mute)
    expect(reasons.map(reason => Reason[reason])).toEqual([
      'INVALID_REQUEST',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
      'LIMIT_EXCEEDED',
      'LIMIT_EXCEEDED',
      'NOT_FOUND',
      'NOT_FOUND',
      'INVALID_REQUEST',
      'NOT_ALLOWED',
    ])
  })

  it('of somebody hidden or gone are not found', async () => {
    const ghost = await rooms.join('ghost', { video: { hidden: true } })
    store(ghost, { key: key('k'), contents: Uint8Array.of(1) })
    get(binh, 'ghost')
    expect(binh.link.last('requestResponse').reason).toBe(Reason.NOT_FOUND)
    get(ghost, 'ghost')
    expect(ghost.link.all('getDataBlobResponse')).toHaveLength(1)
    store(an, { key: key('k'), contents: Uint8Array.of(1) })
    an.room.leave(an.participant, 'client_left')
    await rooms.join('an')
    get(binh, 'an')
    expect(binh.link.all('getDataBlobResponse')).toHaveLength(0)
  })
})
