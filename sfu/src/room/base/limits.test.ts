import {
  DataPacket,
  DataTrackInfo,
  LeaveRequest_Action,
  ParticipantInfo_State,
  ParticipantPermission,
  PublishDataTrackRequest,
  PublishDataTrackResponse,
  RequestResponse_Reason,
  SessionDescription,
  SignalRequest,
  SubscriptionPermission,
  SyncState,
  TrackInfo,
  TrackPermission,
  TrackPublishedResponse,
  UpdateDataSubscription,
  UpdateParticipantMetadata,
  UpdateSubscription,
  UpdateTrackSettings,
  VideoLayer,
} from '@livekit/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import {
  type Client,
  publish,
  received,
  settle,
  TestRooms,
  trackRequest,
  userPacket,
} from '../../../test/room-support/test-room.ts'
import { dispatchRequest } from '../../signalling/dispatch-request.ts'
import { SignalBacklog } from '../member/signal-backlog.ts'
import { defaultLimits, type RoomLimits } from './limits.ts'

/** Each limit of a room or participant, at its edge; docs/limits.md names this file. */

let rooms: TestRooms
const start = (limits: Partial<RoomLimits> = {}) => {
  rooms = new TestRooms(limits)
}
afterEach(() => rooms?.registry.close())

const request = (client: Client, message: SignalRequest['message']) =>
  dispatchRequest(new SignalRequest({ message }), client)
const reasons = (client: Client) => client.link.all('requestResponse').map(({ reason }) => reason)

describe('rooms', () => {
  it('are refused beyond the most that one node may have; those there are still joined', async () => {
    start({ rooms: 2 })
    await rooms.registry.createRoom({ name: 'R' })
    await rooms.registry.createRoom({ name: 'S' })
    await expect(rooms.registry.createRoom({ name: 'T' })).rejects.toMatchObject({
      code: 'resource_exhausted',
      message: 'this node has 2 rooms already',
    })
    expect(() => rooms.enter('an', { video: { room: 'T' } })).toThrow('2 rooms')
    expect(() => rooms.enter('an')).not.toThrow()
  })

  it('take no more participants than the server allows, also when they name no maximum', async () => {
    start({ participantsPerRoom: 2 })
    await rooms.join('an')
    await rooms.join('binh')
    expect(() => rooms.enter('chi')).toThrow('the room is full (2 on this server)')
    // The same person again takes the place of the older connection.
    expect(() => rooms.enter('an')).not.toThrow()
  })
})

describe('profiles', () => {
  it('may not be changed more often than the limit, which is told, and may again later', async () => {
    start({ profileChangesPerS: 1, profileChangeBurst: 2 })
    const an = await rooms.join('an', { video: { canUpdateOwnMetadata: true } })
    const binh = await rooms.join('binh')
    const change = (metadata: string) =>
      request(an, {
        case: 'updateMetadata',
        value: new UpdateParticipantMetadata({ metadata, requestId: 7 }),
      })
    for (const metadata of ['1', '2', '3']) change(metadata)
    const { OK, LIMIT_EXCEEDED } = RequestResponse_Reason
    expect(reasons(an)).toEqual([OK, OK, LIMIT_EXCEEDED])
    expect(binh.link.told('an')?.metadata).toBe('2')
    rooms.advanceMs(1_000)
    for (const metadata of ['4', '5']) change(metadata)
    expect(binh.link.told('an')?.metadata).toBe('4')
  })

  it('may not bring more bytes of change than the limit, however few the changes', async () => {
    start({ profileBytesPerS: 1_000, profileBurstBytes: 10_000 })
    const an = await rooms.join('an', { video: { canUpdateOwnMetadata: true } })
    const change = (bytes: number) => {
      const metadata = 'm'.repeat(bytes)
      request(an, {
        case: 'updateMetadata',
        value: new UpdateParticipantMetadata({ metadata, requestId: 7 }),
      })
    }
    for (const bytes of [6_000, 6_000, 3_000]) change(bytes)
    const { OK, LIMIT_EXCEEDED } = RequestResponse_Reason
    expect(reasons(an)).toEqual([OK, LIMIT_EXCEEDED, OK])
    rooms.advanceMs(10_000)
    change(6_001)
    expect(reasons(an).at(-1)).toBe(OK)
  })

  it.each([
    ['metadata', { metadata: 'm'.repeat(defaultLimits.metadataBytes + 1) }],
    ['name', { name: 'n'.repeat(defaultLimits.nameBytes + 1) }],
    ['attributes', { attributes: { a: 'x'.repeat(defaultLimits.attributesBytes) } }],
  ])('are refused with %s over the limit, in a token and as a change', async (_what, profile) => {
    start()
    expect(() => rooms.enter('binh', { claims: profile as never })).toThrow('over the limit')
    const an = await rooms.join('an', { video: { canUpdateOwnMetadata: true } })
    request(an, {
      case: 'updateMetadata',
      value: new UpdateParticipantMetadata({ ...profile, requestId: 1 } as never),
    })
    expect(reasons(an)).toEqual([RequestResponse_Reason.LIMIT_EXCEEDED])
  })
})

describe('tracks', () => {
  it('that come and go without end are refused, data tracks too, and may come again later', async () => {
    start({ newTracksPerS: 1, newTrackBurst: 3 })
    const an = await rooms.join('an')
    const add = (cid: string) => request(an, { case: 'addTrack', value: trackRequest(cid) })
    const data = (pubHandle: number) => {
      const value = new PublishDataTrackRequest({ pubHandle, name: `d${pubHandle}` })
      request(an, { case: 'publishDataTrackRequest', value })
    }
    add('a')
    data(1)
    add('b')
    add('c')
    data(2)
    const { LIMIT_EXCEEDED } = RequestResponse_Reason
    expect(reasons(an)).toEqual([LIMIT_EXCEEDED, LIMIT_EXCEEDED])
    expect(an.link.all('trackPublished')).toHaveLength(2)
    expect(an.link.all('publishDataTrackResponse')).toHaveLength(1)
    rooms.advanceMs(1_000)
    add('c')
    expect(an.link.all('trackPublished')).toHaveLength(3)
  })

  it('are not judged anew for everybody without end', async () => {
    start({ subscriberChangesPerS: 1, subscriberChangeBurst: 2 })
    const an = await rooms.join('an')
    const binh = await rooms.join('binh')
    await publish(an, 'mic')
    for (const allParticipants of [false, true, false])
      request(an, { case: 'subscriptionPermission', value: new SubscriptionPermission({ allParticipants }) })
    expect(reasons(an)).toEqual([RequestResponse_Reason.LIMIT_EXCEEDED])
    expect(binh.link.all('subscriptionPermissionUpdate').map(({ allowed }) => allowed)).toEqual([false, true])
  })

  it('and data tracks that are not there are told a hundred of, whatever was asked', async () => {
    start()
    const an = await rooms.join('an')
    const sids = Array.from({ length: 1_500 }, (_, n) => `DTR_${n}`)
    const updates = sids.map(trackSid => ({ trackSid, subscribe: true }))
    request(an, { case: 'updateDataSubscription', value: new UpdateDataSubscription({ updates }) })
    expect(an.link.all('subscriptionResponse')).toHaveLength(100)
    const tracks = sids.map(sid => new TrackPublishedResponse({ track: new TrackInfo({ sid }) }))
    const dataTracks = sids.map(sid => new PublishDataTrackResponse({ info: new DataTrackInfo({ sid }) }))
    const state = new SyncState({ publishTracks: tracks, publishDataTracks: dataTracks })
    request(an, { case: 'syncState', value: state })
    expect(an.link.all('trackUnpublished')).toHaveLength(100)
    expect(an.link.all('unpublishDataTrackResponse')).toHaveLength(100)
  })

  it('beyond the most of a participant are refused', async () => {
    start({ tracksPerParticipant: 2 })
    const an = await rooms.join('an')
    for (const cid of ['a', 'b', 'c']) request(an, { case: 'addTrack', value: trackRequest(cid) })
    expect(an.link.all('trackPublished')).toHaveLength(2)
    expect(reasons(an)).toEqual([RequestResponse_Reason.LIMIT_EXCEEDED])
  })

  it('with more in their request than others should be told are refused', async () => {
    start()
    const an = await rooms.join('an')
    const layers = [new VideoLayer({ rid: 'r'.repeat(defaultLimits.trackRequestBytes) })]
    request(an, { case: 'addTrack', value: trackRequest('a', { layers }) })
    expect(an.link.all('trackPublished')).toHaveLength(0)
    expect(reasons(an)).toEqual([RequestResponse_Reason.LIMIT_EXCEEDED])
    // A request for a further codec of a track is told to everybody as well.
    const sid = await publish(an, 'a')
    request(an, { case: 'addTrack', value: trackRequest('b', { sid, layers }) })
    expect(an.link.all('trackPublished')).toHaveLength(1)
    expect(reasons(an)).toHaveLength(2)
  })

  it('that change all the time are muted each time, but told in batches', async () => {
    start({ announcementsPerS: 1, announcementBurst: 3, observerUpdateMs: 500 })
    const an = await rooms.join('an')
    const binh = await rooms.join('binh')
    const sid = await publish(an, 'mic')
    await settle()
    const before = binh.link.all('update').length
    for (let turn = 1; turn <= 41; turn++)
      request(an, { case: 'mute', value: { sid: `${sid}`, muted: turn % 2 === 1 } as never })
    await settle()
    expect(binh.link.all('update').length - before).toBeLessThanOrEqual(3)
    expect(rooms.registry.listParticipants('R')[0]?.tracks[0]?.muted).toBe(true)
    // The batch brings the newest state.
    await eventually(() => (binh.link.told('an')?.tracks[0]?.muted ? null : 'told the older state'))
  })
})

describe('subscriptions', () => {
  it('to unknown tracks are answered for the first of them only', async () => {
    start({ unknownTracksTold: 3 })
    const an = await rooms.join('an')
    const trackSids = Array.from({ length: 50 }, (_, index) => `TR_${index}`)
    request(an, { case: 'subscription', value: new UpdateSubscription({ trackSids, subscribe: true }) })
    expect(an.link.all('subscriptionResponse')).toHaveLength(3)
  })

  it('are looked at up to the most that one message may name', async () => {
    start({ sidsPerMessage: 2, unknownTracksTold: 100 })
    const an = await rooms.join('an')
    const trackSids = Array.from({ length: 50 }, (_, index) => `TR_${index}`)
    request(an, { case: 'subscription', value: new UpdateSubscription({ trackSids, subscribe: true }) })
    expect(an.link.all('subscriptionResponse')).toHaveLength(2)
    const [binh, settled] = [await rooms.join('binh'), await rooms.join('settled')]
    const sids = [await publish(binh, 'one'), await publish(binh, 'two'), await publish(binh, 'three')]
    const settings = new UpdateTrackSettings({ trackSids: sids, disabled: true })
    request(settled, { case: 'trackSetting', value: settings })
    const resumed = await rooms.join('resumed')
    request(resumed, { case: 'syncState', value: new SyncState({ trackSidsDisabled: sids }) })
    await settle()
    for (const { peer } of [settled, resumed]) expect([...peer.settings.keys()]).toEqual(sids.slice(0, 2))
  })

  it('keep the permissions they had when a list of permissions is too long', async () => {
    start({ permissionEntries: 2 })
    const an = await rooms.join('an')
    const binh = await rooms.join('binh')
    const entries = (count: number) =>
      new SubscriptionPermission({
        allParticipants: false,
        trackPermissions: Array.from(
          { length: count },
          () => new TrackPermission({ participantIdentity: 'x' }),
        ),
      })
    request(an, { case: 'subscriptionPermission', value: entries(3) })
    expect(reasons(an)).toEqual([RequestResponse_Reason.LIMIT_EXCEEDED])
    expect(an.participant.allowsSubscriber(binh.participant, 'TR_1' as never)).toBe(true)
    request(an, { case: 'subscriptionPermission', value: entries(2) })
    expect(an.participant.allowsSubscriber(binh.participant, 'TR_1' as never)).toBe(false)
  })
})

it('lets a participant go whose descriptions take too much of the node’s time', async () => {
  start({ descriptionBytesPerS: 10, descriptionBurstBytes: 1_000 })
  const an = await rooms.join('an')
  const offer = (length: number) =>
    request(an, { case: 'offer', value: new SessionDescription({ type: 'offer', sdp: '{}'.padEnd(length) }) })
  offer(900)
  rooms.advanceMs(5_000)
  offer(140)
  await settle()
  expect(an.participant.isClosed).toBe(false)
  offer(20)
  expect(an.participant.isClosed).toBe(true)
  expect(an.link.last('leave').action).toBe(LeaveRequest_Action.DISCONNECT)
})

it('takes no larger packet from the API than from a client', async () => {
  start({ dataPacketBytes: 1_000 })
  const an = await rooms.join('an')
  const packetOf = (bytes: number) => DataPacket.fromBinary(userPacket('x'.repeat(bytes)))
  await expect(rooms.registry.sendData('R', packetOf(1_000))).rejects.toMatchObject({
    code: 'invalid_argument',
    message: 'the data packet is too large',
  })
  await rooms.registry.sendData('R', packetOf(900))
  expect(received(an)).toHaveLength(1)
})

it('splits updates of many participants, whoever is told of them', async () => {
  start({ updateChunkBytes: 1_000, promptUpdatesUpTo: 0, audienceFrom: 0 })
  const an = await rooms.join('an')
  const watcher = await rooms.join('watcher', { video: { canPublish: false } })
  const claims = { metadata: 'm'.repeat(600) }
  for (const identity of ['o1', 'o2', 'o3'])
    await rooms.join(identity, { video: { canPublish: false }, claims })
  const namesIn = ({ link }: Client) =>
    link
      .all('update')
      .map(({ participants }) => participants.map(({ identity }) => identity).filter(n => /^o/.test(n)))
      .filter(names => names.length > 0)
  // Each is told of at its joining and when its media are there, in one update or in two.
  const isActive = (identity: string) => an.link.told(identity)?.state === ParticipantInfo_State.ACTIVE
  await eventually(() => (['o1', 'o2', 'o3'].every(isActive) ? null : JSON.stringify(namesIn(an))))
  for (const names of namesIn(an)) expect(names).toHaveLength(1)
  expect(namesIn(watcher)).toEqual([])
  await rooms.registry.updateParticipant('R', 'watcher', {
    permission: new ParticipantPermission({ canPublish: true, canSubscribe: true }),
  } as never)
  await settle()
  expect(namesIn(watcher)).toEqual([['o1'], ['o2'], ['o3']])
})

it('keeps messages for a lost socket up to their number and bytes', () => {
  const sent: number[] = []
  const link = { send: (message: Uint8Array) => void sent.push(message.length), close: () => {} }
  const backlog = new SignalBacklog({ keptMessages: 3, keptBytes: 100 })
  for (const length of [60, 60, 10, 10, 10]) backlog.send(new Uint8Array(length))
  backlog.attach(link, new Uint8Array(1))
  expect(sent).toEqual([1, 60, 10, 10])
})
