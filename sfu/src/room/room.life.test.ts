import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import {
  DisconnectReason,
  LeaveRequest_Action,
  ParticipantInfo_State,
  ParticipantPermission,
  PublishDataTrackRequest,
} from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { offer, publish, settle, TestRooms, useTimedRooms } from '../../test/room-support/test-room.ts'
import type { ParticipantCloseReason } from './base/close-reasons.ts'

const { rooms, wait } = useTimedRooms()

describe('a room', () => {
  it('closes when nobody came, or some time after the last has left', async () => {
    await rooms.registry.createRoom({ name: 'R', emptyTimeoutS: 60, departureTimeoutS: 5 })
    await wait(59_000)
    expect(rooms.registry.listRooms()).toHaveLength(1)
    const an = await rooms.join('an')
    await wait(100_000)
    an.room.leave(an.participant, 'client_left')
    await wait(4_000)
    const again = await rooms.join('an')
    await wait(10_000)
    expect(again.room).toBe(an.room)
    again.room.leave(again.participant, 'client_left')
    await wait(5_000)
    expect(rooms.registry.listRooms()).toEqual([])
    expect(rooms.roomMedia().closedWith).toBe('room_closed')
    expect(rooms.eventNames().at(-1)).toBe('room_finished')
  })

  it('closes for all with a reason, media and captures included, and a new one may follow at once', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    await publish(an, 'cam')
    const events: CaptureEvent[] = []
    const capture = await rooms.registry.openCapture('R', event => events.push(event))
    await Promise.all([rooms.registry.deleteRoom('R'), an.room.close('deleted')])
    for (const client of [an, binh]) {
      expect(client.link.last('leave')).toMatchObject({ reason: DisconnectReason.ROOM_DELETED })
      expect(client.link.closed).toBeDefined()
      expect(client.peer.closedWith).toBe('room_closed')
    }
    expect(events.at(-1)).toMatchObject({ type: 'closed', reason: 'deleted' })
    await expect(capture.handle({ type: 'release', trackId: 'TR_1' })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(rooms.eventNames().filter(name => name === 'participant_left')).toHaveLength(2)
    expect(rooms.eventNames().at(-1)).toBe('room_finished')
    const next = await rooms.join('an')
    expect(next.room.id).not.toBe(an.room.id)
    await expect(rooms.registry.deleteRoom('nothing')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('asks everybody to come back when the node stops, and takes nobody in after that', async () => {
    const an = await rooms.join('an')
    await rooms.registry.close()
    expect(an.link.last('leave')).toMatchObject({
      reason: DisconnectReason.SERVER_SHUTDOWN,
      action: LeaveRequest_Action.RECONNECT,
    })
    expect(() => rooms.enter('binh')).toThrow(/stopping/)
  })

  it('makes one room of a name, however many come at once', async () => {
    const entered = [rooms.enter('a'), rooms.enter('b'), rooms.enter('c')]
    expect(new Set(entered.map(({ room }) => room)).size).toBe(1)
    expect(rooms.media.rooms).toHaveLength(1)
    await settle()
  })

  it('closes after the times of the node when it was made with none', async () => {
    rooms.renew({ emptyTimeoutS: 7, departureTimeoutS: 3 })
    await rooms.registry.createRoom({ name: 'R' })
    await wait(6_999)
    expect(rooms.registry.listRooms()).toHaveLength(1)
    await wait(1)
    expect(rooms.registry.listRooms()).toEqual([])
    const an = await rooms.join('an')
    an.room.leave(an.participant, 'client_left')
    await wait(2_999)
    expect(rooms.registry.listRooms()).toHaveLength(1)
    await wait(1)
    expect(rooms.registry.listRooms()).toEqual([])
  })

  it('batches news of observers in a large room, the newest state of each, publishers at once', async () => {
    rooms.renew({ promptUpdatesUpTo: 0, observerUpdateMs: 1_000 })
    const an = await rooms.join('an')
    await wait(1_000)
    an.link.messages.length = 0
    for (const identity of ['o1', 'o2', 'o3']) await rooms.join(identity, { video: { canPublish: false } })
    const leaver = rooms.registry.getParticipant('R', 'o3')
    expect(an.link.cases()).not.toContain('update')
    await rooms.registry.removeParticipant('R', 'o3')
    await wait(1_000)
    const updates = an.link.all('update')
    expect(updates).toHaveLength(1)
    expect(updates[0]?.participants.map(info => [info.identity, info.state])).toEqual([
      ['o1', ParticipantInfo_State.ACTIVE],
      ['o2', ParticipantInfo_State.ACTIVE],
      ['o3', ParticipantInfo_State.DISCONNECTED],
    ])
    expect(leaver.sid).toMatch(/^PA_/)
    const speaker = await rooms.join('speaker')
    await publish(speaker, 'cam')
    expect(an.link.told('speaker')?.tracks).toHaveLength(1)
  })

  it('keeps a large audience from one another, but not from those who may publish', async () => {
    rooms.renew({ promptUpdatesUpTo: 2, audienceFrom: 2, observerUpdateMs: 1_000 })
    const watch = { video: { canPublish: false, canPublishData: true } }
    const an = await rooms.join('an')
    const [early, o1] = [await rooms.join('early', watch), await rooms.join('o1', watch)]
    const o2 = await rooms.join('o2', watch)
    await wait(1_000)
    expect(o2.link.last('join').otherParticipants.map(info => info.identity)).toEqual(['an'])
    expect(o1.link.told('o2')).toBeUndefined()
    expect(an.link.told('o2')).toBeDefined()
    await rooms.registry.updateParticipant('R', 'o2', {
      permission: new ParticipantPermission({ canPublish: true }),
    })
    expect(o2.link.told('o1')).toBeDefined()
    expect(o1.link.told('o2')?.permission?.canPublish).toBe(true)
    // Who publishes data does publish.
    o1.room.data.tracks.publish(o1.participant, new PublishDataTrackRequest({ pubHandle: 1, name: 'floor' }))
    expect(early.link.told('o1')?.dataTracks).toMatchObject([{ name: 'floor' }])
    // Who was announced to all is taken back from all.
    early.room.leave(early.participant, 'client_left')
    await wait(1_000)
    expect(o1.link.told('early')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
  })

  it('tells speakers to all and to those who come later, and counts after a while', async () => {
    const an = await rooms.join('an')
    rooms
      .roomMedia()
      .listener.onSpeakers([{ participantId: an.participant.id, trackId: 'TR_1' as never, level: 0.5 }])
    expect(an.link.last('speakersChanged').speakers).toMatchObject([
      { sid: an.participant.id, level: 0.5, active: true },
    ])
    const binh = await rooms.join('binh')
    expect(binh.link.last('speakersChanged').speakers).toMatchObject([{ active: true }])
    await wait(20)
    expect(an.link.last('roomUpdate').room).toMatchObject({ numParticipants: 2, numPublishers: 0 })
    await publish(binh, 'cam')
    await wait(20)
    expect(an.link.last('roomUpdate').room).toMatchObject({ numParticipants: 2, numPublishers: 1 })
  })

  it('tells counts the less often the more metadata goes with them', async () => {
    await rooms.registry.createRoom({ name: 'R', metadata: 'm'.repeat(500_000) })
    const an = await rooms.join('an')
    await wait(200)
    const before = an.link.all('roomUpdate').length
    for (let n = 0; n < 10; n++) {
      rooms.enter(`p${n}`)
      await wait(16)
    }
    expect(an.link.all('roomUpdate').length - before).toBeLessThan(3)
    await wait(100)
    expect(an.link.last('roomUpdate').room?.numParticipants).toBe(11)
  })

  it('tells connection quality when it changes: publishers’ to all, observers’ to themselves', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    await publish(an, 'cam')
    an.peer.score = 2
    await wait(5_000)
    expect(
      an.link
        .all('connectionQuality')
        .flatMap(update => update.updates.map(({ participantSid }) => participantSid)),
    ).toEqual([an.participant.id])
    const told = binh.link.all('connectionQuality').flatMap(update => update.updates)
    expect(told.map(({ participantSid }) => participantSid).sort()).toEqual(
      [an.participant.id, binh.participant.id].sort(),
    )
    await wait(10_000)
    expect(binh.link.all('connectionQuality').flatMap(update => update.updates)).toHaveLength(2)
  })
})

describe('a capture', () => {
  it('sees tracks, mutes, names and speakers, draws media, and shows as a recording', async () => {
    const an = await rooms.join('an', { claims: { attributes: { hall: 'A' } } })
    const sid = await publish(an, 'cam')
    const events: CaptureEvent[] = []
    const capture = await rooms.registry.openCapture('R', event => events.push(event))
    expect(events[0]).toMatchObject({
      type: 'joined',
      roomName: 'R',
      tracks: [{ trackId: sid, identity: 'an', kind: 'video', source: 'camera', attributes: { hall: 'A' } }],
    })
    expect(an.link.last('roomUpdate').room?.activeRecording).toBe(true)
    expect((await rooms.join('late')).link.last('join').room?.activeRecording).toBe(true)
    await capture.handle({ type: 'consume', trackId: sid, address: '127.0.0.1', port: 5000 })
    await capture.handle({ type: 'resume', trackId: sid })
    await capture.handle({ type: 'consume', trackId: 'TR_x', address: '127.0.0.1', port: 5002 })
    an.participant.publications.setMutedByClient(sid, true)
    await rooms.registry.updateParticipant('R', 'an', { name: 'An' })
    rooms.roomMedia().listener.onSpeakers([{ participantId: an.participant.id, trackId: sid, level: 1 }])
    await an.participant.publications.handleOffer(offer({ stop: [sid] }))
    expect(events.slice(1)).toMatchObject([
      { type: 'consuming', trackId: sid, ssrc: 7 },
      { type: 'consume_failed', trackId: 'TR_x', reason: 'track_not_found' },
      { type: 'track_muted', muted: true },
      { type: 'participant_updated', name: 'An' },
      { type: 'speakers', participantIds: [an.participant.id] },
      { type: 'track_unpublished', trackId: sid, reason: 'unpublished' },
    ])
    await capture.close('recorder_gone')
    await capture.close('recorder_gone')
    expect(rooms.roomMedia().captures[0]).toMatchObject({ closedWith: 'left' })
    expect(an.link.last('roomUpdate').room?.activeRecording).toBe(false)
    await expect(rooms.registry.openCapture('none', () => {})).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('media connections of somebody who goes', () => {
  it('are left for a moment to who is told to come back, and to nobody else', async () => {
    rooms.renew({ partingMs: 1_500 })
    const graceOf = async (reason: ParticipantCloseReason, isLinked = true) => {
      const { room, participant, peer, link } = await rooms.join('an')
      if (!isLinked) participant.handleLinkLost(link)
      room.leave(participant, reason)
      return peer.graceMs
    }
    for (const reason of ['node_stopping', 'moved', 'data_lost', 'simulated_reconnect'] as const)
      expect([reason, await graceOf(reason)]).toEqual([reason, 1_500])
    for (const reason of ['removed', 'duplicate_identity', 'client_left', 'simulated_loss'] as const)
      expect([reason, await graceOf(reason)]).toEqual([reason, 0])
    // Nobody hears the word.
    expect(await graceOf('node_stopping', false)).toBe(0)
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    await rooms.registry.close()
    expect([an, binh].map(({ peer }) => peer.graceMs)).toEqual([1_500, 1_500])
  })
})

describe('a room that only some may make', () => {
  it('may be made by a token with roomCreate, and is then there for all', async () => {
    const strict = new TestRooms({}, { autoCreate: false })
    expect(() => strict.enter('an')).toThrow(expect.objectContaining({ code: 'not_found' }))
    await strict.join('clerk', { video: { roomCreate: true } })
    await strict.join('an')
    expect(strict.registry.listParticipants('R').map(({ identity }) => identity)).toEqual(['clerk', 'an'])
    expect(strict.registry.listParticipants('none')).toEqual([])
    await strict.registry.close()
  })
})

describe('a recording by a client', () => {
  it('is told at once, and ends with the recorder or with its permission', async () => {
    const an = await rooms.join('an')
    const isRecorded = () => an.link.last('roomUpdate').room?.activeRecording
    const recorder = { video: { recorder: true, hidden: true } }
    const first = await rooms.join('egress', recorder)
    expect(isRecorded()).toBe(true)
    first.room.leave(first.participant, 'client_left')
    expect(isRecorded()).toBe(false)
    await rooms.join('egress', recorder)
    expect(isRecorded()).toBe(true)
    const permission = new ParticipantPermission({ canSubscribe: true })
    await rooms.registry.updateParticipant('R', 'egress', { permission })
    expect(isRecorded()).toBe(false)
  })
})
