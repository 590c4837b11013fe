/** RoomService.ForwardParticipant: a participant of one room shown in another, with the media in memory. */
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import {
  DisconnectReason,
  ParticipantInfo_KindDetail,
  ParticipantInfo_State,
  ParticipantPermission,
  SubscriptionPermission,
  TrackPermission,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, offer, publish, settle, TestRooms } from '../../../test/room-support/test-room.ts'

let rooms: TestRooms
beforeEach(() => {
  rooms = new TestRooms()
})
afterEach(() => rooms.registry.close())

const joinB = (identity: string) => rooms.join(identity, { video: { room: 'B' } })
const mediaOf = (client: Client) => client.peer.room
const codeOf = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(AppError)
  return (error as AppError).code
}
const storyOf = (room: string) =>
  rooms.events
    .filter(event => event.room?.name === room && event.participant?.identity === 'an')
    .map(event => event.event)

/** `an` in R with a camera, `binh` in B, and `an` forwarded to B. */
async function setUp() {
  const an = await rooms.join('an', { claims: { metadata: 'm', attributes: { seat: '7' } } })
  const trackId = await publish(an, 'cam')
  const binh = await joinB('binh')
  await rooms.registry.forwardParticipant('R', 'an', 'B')
  await settle()
  const info = rooms.registry.getParticipant('B', 'an')
  return { an, trackId, binh, info }
}

describe('a forwarded participant', () => {
  it('is in the other room as it is in its own, under a sid of its own, with its tracks', async () => {
    const { an, trackId, binh, info } = await setUp()
    const expected = {
      identity: 'an',
      name: 'name of an',
      metadata: 'm',
      attributes: { seat: '7' },
      state: ParticipantInfo_State.ACTIVE,
      isPublisher: true,
      kindDetails: [ParticipantInfo_KindDetail.FORWARDED],
      permission: { canPublish: true, canSubscribe: false, canPublishData: false },
      tracks: [{ sid: trackId, name: 'cam' }],
    }
    expect(info).toMatchObject(expected)
    expect(info.sid).toMatch(/^PA_/)
    expect(info.sid).not.toBe(an.participant.id)
    expect(binh.link.told('an')).toMatchObject({ ...expected, sid: info.sid })
    const late = await joinB('chi')
    expect(late.link.last('join').otherParticipants.find(p => p.identity === 'an')).toMatchObject(expected)
    expect(rooms.registry.listParticipants('B').map(p => p.identity)).toEqual(['binh', 'chi', 'an'])
    expect(rooms.registry.listRooms(['B'])[0]).toMatchObject({ numParticipants: 3, numPublishers: 1 })
    expect(storyOf('B')).toEqual(['participant_joined', 'track_published'])
    // Its own room notices nothing.
    expect(rooms.registry.getParticipant('R', 'an').kindDetails).toEqual([])
    expect(an.link.last('join').participant?.sid).toBe(rooms.registry.getParticipant('R', 'an').sid)
  })

  it('is subscribed to there, of which its publisher hears, and is captured there', async () => {
    const { an, trackId, binh, info } = await setUp()
    expect([...binh.peer.subscribed]).toEqual([trackId])
    expect(mediaOf(binh).forwarded.get(trackId)).toBe(info.sid)
    expect(an.link.last('trackSubscribed').trackSid).toBe(trackId)
    const events: { type: string }[] = []
    const capture = await rooms.registry.openCapture('B', event => events.push(event))
    expect(events[0]).toMatchObject({
      type: 'joined',
      tracks: [{ trackId, identity: 'an', participantId: info.sid }],
    })
    await capture.handle({ type: 'consume', trackId, address: '127.0.0.1', port: 5000 })
    expect(events.at(-1)).toMatchObject({ type: 'consuming', trackId })
    an.participant.publications.setMutedByClient(trackId, true)
    await settle()
    expect(events.at(-1)).toMatchObject({ type: 'track_muted', trackId, muted: true })
    mediaOf(binh).listener.onSpeakers([{ participantId: info.sid as never, trackId, level: 1 }])
    expect(binh.link.last('speakersChanged').speakers).toMatchObject([{ sid: info.sid, active: true }])
  })

  it('follows mutes, names, permissions and tracks that come and go', async () => {
    const { an, trackId, binh } = await setUp()
    an.participant.publications.setMutedByClient(trackId, true)
    await settle()
    expect(binh.link.told('an')?.tracks).toMatchObject([{ sid: trackId, muted: true }])
    await rooms.registry.updateParticipant('R', 'an', { name: 'An', attributes: { seat: '8' } })
    await settle()
    expect(binh.link.told('an')).toMatchObject({ name: 'An', attributes: { seat: '8' } })
    const second = await publish(an, 'screen')
    expect(binh.link.told('an')?.tracks.map(track => track.sid)).toEqual([trackId, second])
    expect([...binh.peer.subscribed]).toEqual([trackId, second])
    await an.participant.publications.handleOffer(offer({ stop: [trackId] }))
    await settle()
    expect(binh.link.told('an')?.tracks.map(track => track.sid)).toEqual([second])
    expect([...binh.peer.subscribed]).toEqual([second])
    expect([...mediaOf(binh).tracks]).toEqual([second])
    expect(storyOf('B').slice(2)).toEqual(['track_published', 'track_unpublished'])
    await rooms.registry.updateParticipant('R', 'an', {
      permission: new ParticipantPermission({ canPublish: false, canSubscribe: true }),
    })
    await settle()
    expect(binh.link.told('an')).toMatchObject({ tracks: [], permission: { canPublish: false } })
    const versions = binh.link
      .all('update')
      .flatMap(update => update.participants.filter(p => p.identity === 'an').map(p => p.version))
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
  })

  it('is withheld from those its publisher does not allow', async () => {
    const { an, trackId, binh, info } = await setUp()
    const allow = (...identities: string[]) =>
      an.room.changeSubscriptionPermission(
        an.participant,
        new SubscriptionPermission({
          trackPermissions: identities.map(
            participantIdentity => new TrackPermission({ participantIdentity, allTracks: true }),
          ),
        }),
      )
    allow('chi')
    await settle()
    expect([...binh.peer.subscribed]).toEqual([])
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({
      participantSid: info.sid,
      trackSid: trackId,
      allowed: false,
    })
    allow('chi', 'binh')
    await settle()
    expect([...binh.peer.subscribed]).toEqual([trackId])
  })

  it('ends as a whole with its source', async () => {
    const { an, binh, info } = await setUp()
    await rooms.registry.removeParticipant('R', 'an')
    await settle()
    expect(binh.link.told('an')).toMatchObject({
      sid: info.sid,
      state: ParticipantInfo_State.DISCONNECTED,
      disconnectReason: DisconnectReason.PARTICIPANT_REMOVED,
    })
    expect([...binh.peer.subscribed]).toEqual([])
    expect([...mediaOf(binh).tracks]).toEqual([])
    expect(await codeOf(Promise.resolve().then(() => rooms.registry.getParticipant('B', 'an')))).toBe(
      'not_found',
    )
    expect(storyOf('B').slice(2)).toEqual(['track_unpublished', 'participant_left'])
    expect(an.participant.isClosed).toBe(true)
  })

  it('ends when either room closes, and does not keep the other room open', async () => {
    const { an, binh, trackId } = await setUp()
    await rooms.registry.deleteRoom('R')
    await settle()
    expect(rooms.registry.listParticipants('B').map(p => p.identity)).toEqual(['binh'])
    expect(an.participant.isClosed).toBe(true)

    const again = await rooms.join('an')
    await publish(again, 'cam')
    await rooms.registry.forwardParticipant('R', 'an', 'B')
    await rooms.registry.deleteRoom('B')
    expect(storyOf('B').slice(-2)).toEqual(['track_unpublished', 'participant_left'])
    expect(mediaOf(binh).forwarded.size).toBe(0)
    expect(again.participant.isClosed).toBe(false)
    // What its source does now concerns its own room only.
    await publish(again, 'screen')
    expect(storyOf('B').at(-1)).toBe('participant_left')
    expect(mediaOf(binh).tracks.has(trackId)).toBe(false)
  })

  it('is shown no more once its source is hidden, and not again by itself', async () => {
    const { an, binh } = await setUp()
    const permission = an.participant.permission.clone()
    an.participant.publications.close()
    permission.hidden = true
    await rooms.registry.updateParticipant('R', 'an', { permission })
    await settle()
    expect(rooms.registry.listParticipants('B').map(p => p.identity)).toEqual(['binh'])
    expect(binh.link.told('an')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
    const shown = permission.clone()
    shown.hidden = false
    await rooms.registry.updateParticipant('R', 'an', { permission: shown })
    await settle()
    expect(rooms.registry.listParticipants('B').map(p => p.identity)).toEqual(['binh'])
  })

  it('is taken out by RemoveParticipant there, and may be forwarded again', async () => {
    const { an, binh, trackId } = await setUp()
    await rooms.registry.removeParticipant('B', 'an')
    await settle()
    expect(binh.link.told('an')?.disconnectReason).toBe(DisconnectReason.PARTICIPANT_REMOVED)
    expect([...binh.peer.subscribed]).toEqual([])
    expect(an.participant.isClosed).toBe(false)
    await rooms.registry.forwardParticipant('R', 'an', 'B')
    await settle()
    expect([...binh.peer.subscribed]).toEqual([trackId])
  })

  it('makes way for the same identity joining there', async () => {
    const { an, binh, info } = await setUp()
    const came = await joinB('an')
    await settle()
    expect(binh.link.told('an')).toMatchObject({ sid: came.participant.id, tracks: [] })
    expect(came.link.last('join').otherParticipants.map(p => p.identity)).toEqual(['binh'])
    const left = rooms.events.find(event => event.event === 'participant_left')
    expect(left?.participant).toMatchObject({
      sid: info.sid,
      disconnectReason: DisconnectReason.DUPLICATE_IDENTITY,
    })
    expect(an.participant.isClosed).toBe(false)
  })

  it('is managed in its own room only', async () => {
    const { trackId } = await setUp()
    const { registry } = rooms
    const call = { method: 'm', payload: '', timeoutMs: 0 }
    for (const asked of [
      registry.mutePublishedTrack('B', 'an', trackId, true),
      registry.updateParticipant('B', 'an', { name: 'x' }),
      registry.updateSubscriptions('B', 'an', [trackId], true),
      registry.moveParticipant('B', 'an', 'C'),
      registry.forwardParticipant('B', 'an', 'C'),
      registry.performRpc('B', 'an', call),
    ])
      expect(await codeOf(asked)).toBe('failed_precondition')
  })

  it('goes both ways and to several rooms at once', async () => {
    const { an, binh, trackId } = await setUp()
    const other = await publish(binh, 'cam2')
    await rooms.registry.forwardParticipant('B', 'binh', 'R')
    await rooms.registry.forwardParticipant('R', 'an', 'C')
    await settle()
    expect([...an.peer.subscribed]).toEqual([other])
    expect(rooms.registry.getParticipant('C', 'an').tracks.map(track => track.sid)).toEqual([trackId])
    await rooms.registry.deleteRoom('R')
    await settle()
    expect(rooms.registry.listParticipants('C')).toEqual([])
    expect(rooms.registry.listParticipants('B').map(p => p.identity)).toEqual(['binh'])
  })
})

describe('forwarding', () => {
  it('is refused for nobody, to where it is already, to nowhere, to a full room, hidden or not connected', async () => {
    await setUp()
    const forward = (identity: string, to: string, from = 'R') =>
      codeOf(rooms.registry.forwardParticipant(from, identity, to))
    expect(await forward('nobody', 'B')).toBe('not_found')
    expect(await forward('an', 'B', 'none')).toBe('not_found')
    expect(await forward('an', 'R')).toBe('invalid_argument')
    expect(await forward('an', '')).toBe('invalid_argument')
    expect(await forward('an', 'B')).toBe('already_exists')
    await rooms.join('binh')
    expect(await forward('binh', 'B')).toBe('already_exists')
    await rooms.registry.createRoom({ name: 'full', maxParticipants: 1 })
    await rooms.registry.forwardParticipant('R', 'binh', 'full')
    expect(await forward('an', 'full')).toBe('resource_exhausted')
    await rooms.join('ghost', { video: { hidden: true } })
    expect(await forward('ghost', 'B')).toBe('failed_precondition')
    rooms.enter('slow')
    expect(await forward('slow', 'B')).toBe('unavailable')
  })

  it('leaves out a track whose media has just ended', async () => {
    const an = await rooms.join('an')
    const trackId: TrackId = await publish(an, 'cam')
    an.peer.room.tracks.delete(trackId)
    const binh = await joinB('binh')
    await rooms.registry.forwardParticipant('R', 'an', 'B')
    expect(rooms.registry.getParticipant('B', 'an').tracks).toEqual([])
    const next = await publish(an, 'screen')
    expect([...binh.peer.subscribed]).toEqual([next])
  })
})
