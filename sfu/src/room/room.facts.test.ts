/** What is told of a room, its tracks and the end of both, field by field: in messages and in webhooks. */
import {
  DisconnectReason,
  ParticipantInfo_State,
  ParticipantPermission,
  RoomConfiguration,
  RoomEndReason,
  SignalRequest,
  SyncState,
  TrackSource,
  TrackType,
  UpdateDataSubscription,
} from '@livekit/protocol'
import { describe, expect, it, vi } from 'vitest'
import { type Client, offer, publish, useTimedRooms } from '../../test/room-support/test-room.ts'
import { dispatchRequest } from '../signalling/dispatch-request.ts'

const { rooms, wait } = useTimedRooms()

describe('a room', () => {
  it('tells when it was made and all codecs that are carried', async () => {
    vi.setSystemTime(1_700_000_000_123)
    const room = await rooms.registry.createRoom({ name: 'R' })
    expect(room).toMatchObject({
      creationTime: 1_700_000_000n,
      creationTimeMs: 1_700_000_000_123n,
      enabledCodecs: ['audio/opus', 'video/VP8', 'video/H264', 'video/VP9', 'video/AV1'].map(mime => ({
        mime,
        fmtpLine: '',
      })),
      turnPassword: '',
    })
    expect(room.version).toBeUndefined()
    const { link } = await rooms.join('an')
    expect(link.last('join').room).toMatchObject({ sid: room.sid, enabledCodecs: room.enabledCodecs })
  })

  it.each([
    ['deleted', RoomEndReason.ROOM_END_API_DELETE, () => rooms.registry.deleteRoom('R')],
    ['that nobody joined', RoomEndReason.ROOM_END_IDLE_TIMEOUT, () => wait(301_000)],
    ['on a node that stops', RoomEndReason.ROOM_END_SERVER_SHUTDOWN, () => rooms.registry.close()],
  ])('%s tells webhooks why it ended', async (_how, roomEndReason, end) => {
    await rooms.registry.createRoom({ name: 'R' })
    await end()
    expect(rooms.events.at(-1)).toMatchObject({ event: 'room_finished', room: { name: 'R' }, roomEndReason })
  })

  it('counts neither recorders nor agents nor egress for its maximum', async () => {
    await rooms.registry.createRoom({ name: 'R', maxParticipants: 1 })
    await rooms.join('recorder', { video: { recorder: true, hidden: true } })
    for (const kind of ['agent', 'egress']) await rooms.join(kind, { claims: { kind } })
    await rooms.join('an')
    expect(() => rooms.enter('binh')).toThrow('full')
    expect(() => rooms.enter('second', { claims: { kind: 'agent' } })).not.toThrow()
  })

  it('is not made nor changed with metadata over the limit', async () => {
    rooms.renew({ metadataBytes: 8 })
    const over = { code: 'over_limit', message: 'room metadata is over the limit' }
    await expect(rooms.registry.createRoom({ name: 'R', metadata: '123456789' })).rejects.toMatchObject(over)
    const roomConfig = new RoomConfiguration({ metadata: '123456789' })
    expect(() => rooms.enter('an', { claims: { roomConfig } })).toThrow(over.message)
    expect(rooms.registry.listRooms()).toEqual([])
    await rooms.registry.createRoom({ name: 'R', metadata: '12345678' })
    // Bytes count, not characters.
    await expect(rooms.registry.updateRoomMetadata('R', 'ủủủ')).rejects.toMatchObject(over)
    expect(rooms.registry.listRooms()[0]?.metadata).toBe('12345678')
  })
})

describe('the info of a participant', () => {
  it('says when it joined, and has a version that grows with each change', async () => {
    vi.setSystemTime(1_700_000_000_123)
    const binh = await rooms.join('binh')
    const an = await rooms.join('an')
    const joined = { joinedAt: 1_700_000_000n, joinedAtMs: 1_700_000_000_123n }
    expect(an.link.last('join').participant).toMatchObject(joined)
    expect(an.link.last('join').otherParticipants).toMatchObject([joined])
    const versions = () => binh.link.all('update').map(({ participants }) => participants[0]?.version)
    await wait(1_000)
    await publish(an, 'cam')
    await rooms.registry.updateParticipant('R', 'an', { name: 'An' })
    expect(binh.link.told('an')).toMatchObject({ ...joined, name: 'An', isPublisher: true })
    expect(versions()).toHaveLength(4)
    expect(new Set(versions()).size).toBe(4)
    expect(versions().toSorted()).toEqual(versions())
  })

  it('is told to itself, too, when somebody else changed it', async () => {
    const an = await rooms.join('an')
    await rooms.registry.updateParticipant('R', 'an', { metadata: 'new', attributes: { hand: 'up' } })
    expect(an.link.told('an')).toMatchObject({ metadata: 'new', attributes: { hand: 'up' } })
  })

  it('is shown by a permission, is heard, and hidden again is gone for the others', async () => {
    const an = await rooms.join('an')
    const viewer = { canPublish: false, canPublishData: false, hidden: true }
    const voter = await rooms.join('voter', { video: viewer })
    expect(an.link.told('voter')).toBeUndefined()
    const speaks = new ParticipantPermission({
      canSubscribe: true,
      canPublish: true,
      canPublishSources: [TrackSource.MICROPHONE],
    })
    await rooms.registry.updateParticipant('R', 'voter', { permission: speaks, name: 'Bà Lan' })
    expect(an.link.told('voter')).toMatchObject({ name: 'Bà Lan', state: ParticipantInfo_State.ACTIVE })
    const sid = await publish(voter, 'mic', { source: TrackSource.MICROPHONE, type: TrackType.AUDIO })
    expect(an.link.told('voter')?.tracks.map(track => track.sid)).toEqual([sid])
    const silent = new ParticipantPermission({ canSubscribe: true, hidden: true })
    const after = await rooms.registry.updateParticipant('R', 'voter', { permission: silent })
    expect(after).toMatchObject({ tracks: [], permission: { canPublish: false, hidden: true } })
    expect(an.link.told('voter')).toMatchObject({ state: ParticipantInfo_State.DISCONNECTED, tracks: [] })
    expect((await rooms.join('binh')).link.told('voter')).toBeUndefined()
    await rooms.registry.updateParticipant('R', 'voter', { permission: speaks })
    expect(an.link.told('voter')).toMatchObject({ state: ParticipantInfo_State.ACTIVE })
  })

  it('is neither shown nor hidden while it publishes', async () => {
    const [an, ghost] = [await rooms.join('an'), await rooms.join('ghost', { video: { hidden: true } })]
    for (const client of [an, ghost]) await publish(client, 'cam')
    for (const [identity, hidden] of [
      ['an', true],
      ['ghost', false],
    ] as const) {
      const permission = new ParticipantPermission({ canPublish: true, hidden })
      const { permission: given } = await rooms.registry.updateParticipant('R', identity, { permission })
      expect(given).toMatchObject({ canPublish: true, hidden: !hidden })
    }
    expect(an.link.told('ghost')).toBeUndefined()
  })
})

describe('a webhook', () => {
  it('shows a track as it was then, whatever becomes of it', async () => {
    const an = await rooms.join('an')
    const sid = await publish(an, 'cam')
    an.participant.publications.setMutedByClient(sid, true)
    await an.participant.publications.handleOffer(offer({ stop: [sid] }))
    expect(rooms.events.slice(-2).map(({ event, track }) => [event, track?.muted])).toEqual([
      ['track_published', false],
      ['track_unpublished', true],
    ])
  })

  it('says in seconds when it happened', async () => {
    vi.setSystemTime(1_700_000_000_123)
    await rooms.join('an')
    expect(rooms.events.map(({ createdAt }) => createdAt)).toEqual([1_700_000_000n, 1_700_000_000n])
  })
})

describe('a participant that has left', () => {
  const leavers: [string, DisconnectReason, (an: Client) => unknown][] = [
    ['by itself', DisconnectReason.CLIENT_INITIATED, an => an.room.leave(an.participant, 'client_left')],
    ['for a new connection', DisconnectReason.DUPLICATE_IDENTITY, () => rooms.join('an')],
    ['removed', DisconnectReason.PARTICIPANT_REMOVED, () => rooms.registry.removeParticipant('R', 'an')],
    ['with its room', DisconnectReason.ROOM_DELETED, () => rooms.registry.deleteRoom('R')],
    ['for another room', DisconnectReason.MIGRATION, () => rooms.registry.moveParticipant('R', 'an', 'S')],
    [
      'without a word',
      DisconnectReason.SIGNAL_CLOSE,
      an => {
        an.participant.handleLinkLost(an.link)
        return wait(41_000)
      },
    ],
  ]
  it.each(leavers)('%s is told so in the webhook', async (_how, disconnectReason, leave) => {
    const an = await rooms.join('an')
    await leave(an)
    expect(rooms.events.find(({ event }) => event === 'participant_left')?.participant).toMatchObject({
      identity: 'an',
      disconnectReason,
    })
  })
})

describe('the info of a track', () => {
  it('says that there is no RED, whatever was asked, and which packet trailers there are', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const microphone = { type: TrackType.AUDIO, source: TrackSource.MICROPHONE }
    await publish(an, 'mic', { ...microphone, disableRed: false, packetTrailerFeatures: [1] })
    expect(binh.link.told('an')?.tracks).toMatchObject([{ disableRed: true, packetTrailerFeatures: [1] }])
  })

  it('has a version that grows with each change', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    const version = () => binh.link.told('an')?.tracks[0]?.version
    const first = version()
    expect(first).toMatchObject({ unixMicro: BigInt(Date.now()) * 1000n, ticks: 0 })
    await wait(5)
    an.participant.publications.setMutedByClient(sid, true)
    expect(version()?.unixMicro).toBeGreaterThan(first?.unixMicro ?? 0n)
  })
})

describe('a sync state', () => {
  it('with a wish for data tracks is that wish', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    an.room.data.tracks.publish(an.participant, { pubHandle: 1, name: 'telemetry' } as never)
    const trackSid = an.link.last('publishDataTrackResponse').info?.sid ?? ''
    const dataSubscription = new UpdateDataSubscription({ updates: [{ trackSid, subscribe: true }] })
    const value = new SyncState({ dataSubscription })
    dispatchRequest(new SignalRequest({ message: { case: 'syncState', value } }), binh)
    const { subHandles } = binh.link.last('dataTrackSubscriberHandles')
    expect(Object.values(subHandles)).toMatchObject([{ trackSid, publisherIdentity: 'an' }])
  })
})
