import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import {
  DisconnectReason,
  LeaveRequest_Action,
  ParticipantInfo_State,
  ParticipantPermission,
  RequestResponse_Reason,
  SubscriptionPermission,
  TrackPermission,
  TrackSource,
  TrackType,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  offer,
  publish,
  RecordingLink,
  received,
  settle,
  TestRooms,
  trackRequest,
  userPacket,
} from '../../test/room-support/test-room.ts'

let rooms: TestRooms
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  rooms = new TestRooms()
})
afterEach(async () => {
  await rooms.registry.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const wait = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

describe('joining', () => {
  it('answers with the join reply before anything else, then the subscriber offer', async () => {
    const an = await rooms.join('an')
    await publish(an, 'cam')
    const { link } = await rooms.join('binh')
    expect(link.cases().slice(0, 1)).toEqual(['join'])
    const reply = link.last('join')
    expect(reply.participant).toMatchObject({ identity: 'binh', state: ParticipantInfo_State.JOINED })
    expect(reply.otherParticipants.map(info => [info.identity, info.tracks.length])).toEqual([['an', 1]])
    expect(reply.serverInfo?.version).not.toBe('')
    expect(link.cases()).toContain('offer')
  })

  it('announces a participant when its media is connected, by update and event', async () => {
    const an = await rooms.join('an')
    const binh = rooms.enter('binh', { claims: { attributes: { role: 'chair' } } })
    await settle()
    expect(an.link.told('binh')).toBeUndefined()
    expect(rooms.eventNames()).toEqual(['room_started', 'participant_joined'])
    rooms.media.peer(binh.participant.id).listener.onConnected('subscriber')
    expect(an.link.told('binh')).toMatchObject({
      state: ParticipantInfo_State.ACTIVE,
      attributes: { role: 'chair' },
    })
    expect(rooms.eventNames()).toEqual(['room_started', 'participant_joined', 'participant_joined'])
    expect(binh.link.told('binh')).toBeUndefined()
  })

  it('hides hidden participants from others, not from the API', async () => {
    const an = await rooms.join('an')
    const ghost = await rooms.join('ghost', { video: { hidden: true } })
    await publish(ghost, 'cam')
    expect(an.link.told('ghost')).toBeUndefined()
    expect(an.peer.subscribed.size).toBe(0)
    expect((await rooms.join('binh')).link.last('join').otherParticipants.map(info => info.identity)).toEqual(
      ['an'],
    )
    expect(rooms.registry.listParticipants('R').map(info => info.identity)).toEqual(['an', 'ghost', 'binh'])
    expect(rooms.registry.listRooms()[0]?.numParticipants).toBe(2)
  })

  it('refuses one too many, but never the replacement of somebody present', async () => {
    await rooms.registry.createRoom({ name: 'R', maxParticipants: 1 })
    await rooms.join('an')
    expect(() => rooms.enter('binh')).toThrow(/full/)
    expect((await rooms.join('an')).participant.identity).toBe('an')
  })

  it('refuses a profile over the limits', () => {
    expect(() => rooms.enter('an', { claims: { metadata: 'x'.repeat(70_000) } })).toThrow(/metadata/)
    expect(rooms.registry.listParticipants('R')).toEqual([])
  })

  it('sends those away whose media does not open or never connects', async () => {
    const an = await rooms.join('an')
    rooms.roomMedia().failOpen = true
    const broken = rooms.enter('broken')
    await settle()
    expect(broken.link.last('leave').reason).toBe(DisconnectReason.JOIN_FAILURE)
    rooms.roomMedia().failOpen = false
    const silent = rooms.enter('silent')
    await settle()
    await wait(31_000)
    expect(silent.link.last('leave').reason).toBe(DisconnectReason.JOIN_FAILURE)
    expect(rooms.eventNames().filter(name => name === 'participant_left')).toEqual([])
    expect(an.participant.isClosed).toBe(false)
  })

  it('closes media that opens after the participant has left', async () => {
    await rooms.join('an')
    const gate = Promise.withResolvers<void>()
    rooms.roomMedia().openGate = gate.promise
    const binh = rooms.enter('binh')
    binh.room.leave(binh.participant, 'client_left')
    gate.resolve()
    await settle()
    expect(rooms.media.peer(binh.participant.id).closedWith).toBe('left')
  })

  it('replaces the connection of the same identity', async () => {
    const other = await rooms.join('other')
    const first = await rooms.join('an')
    await publish(first, 'cam')
    const second = await rooms.join('an')
    expect(first.link.last('leave')).toMatchObject({
      reason: DisconnectReason.DUPLICATE_IDENTITY,
      action: LeaveRequest_Action.DISCONNECT,
    })
    expect(first.link.closed).toBeDefined()
    expect(first.peer.closedWith).toBe('replaced')
    // Others see one participant that has a new sid and no tracks, never its absence.
    const told = other.link.all('update').flatMap(update => update.participants)
    expect(told.filter(info => info.state === ParticipantInfo_State.DISCONNECTED)).toEqual([])
    expect(other.link.told('an')).toMatchObject({ sid: second.participant.id, tracks: [] })
    expect(rooms.eventNames().slice(-3)).toEqual([
      'track_unpublished',
      'participant_left',
      'participant_joined',
    ])
    // The old connection's socket closes late; that must not touch the new one.
    first.participant.handleLinkLost(first.link)
    await wait(60_000)
    expect(second.participant.isClosed).toBe(false)
  })
})

describe('publishing', () => {
  it('confirms, answers, then tells the others, who then subscribe', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    expect(an.link.cases().filter(name => name === 'trackPublished' || name === 'answer')).toEqual([
      'trackPublished',
      'answer',
    ])
    expect(binh.link.told('an')?.tracks).toMatchObject([
      { sid, mimeType: 'video/VP8', source: TrackSource.CAMERA },
    ])
    expect([...binh.peer.subscribed]).toEqual([sid])
    expect(an.link.last('trackSubscribed').trackSid).toBe(sid)
    expect(rooms.events.at(-1)).toMatchObject({
      event: 'track_published',
      track: { sid },
      participant: { identity: 'an' },
    })
  })

  it('is refused without the grant for the source, over the limit, or without a cid', async () => {
    const an = await rooms.join('an', { video: { canPublishSources: ['microphone'] } })
    const { publications } = an.participant
    publications.addTrack(trackRequest('cam'))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.NOT_ALLOWED)
    const microphone = { type: TrackType.AUDIO, source: TrackSource.MICROPHONE }
    publications.addTrack(trackRequest('', microphone))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.INVALID_REQUEST)
    publications.addTrack(trackRequest('x'.repeat(2_000), microphone))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.LIMIT_EXCEEDED)
    publications.addTrack(trackRequest('data', { ...microphone, type: TrackType.DATA }))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.UNSUPPORTED_TYPE)
    for (let i = 0; i < 33; i++) publications.addTrack(trackRequest(`m${i}`, microphone))
    expect(an.link.all('trackPublished')).toHaveLength(32)
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.LIMIT_EXCEEDED)
  })

  it('ends when the section stops, and a refused section never begins', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    await an.participant.publications.handleOffer(offer({ stop: [sid] }))
    await settle()
    expect(binh.link.told('an')?.tracks).toEqual([])
    expect(binh.peer.subscribed.size).toBe(0)
    expect(rooms.eventNames().at(-1)).toBe('track_unpublished')
    const refused = await publish(an, 'refuse-me')
    expect(an.link.last('trackUnpublished').trackSid).toBe(refused)
    expect(binh.link.told('an')?.tracks).toEqual([])
  })

  it('sends a participant away whose offer is absurd', async () => {
    const an = await rooms.join('an')
    await an.participant.publications.handleOffer(offer({ bad: true }))
    expect(an.link.last('leave').reason).toBe(DisconnectReason.MEDIA_FAILURE)
    expect(an.peer.closedWith).toBe('left')
  })

  it('mutes by the client quietly, by the server with word to the client first', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    an.participant.publications.setMutedByClient(sid, true)
    await settle()
    expect(binh.link.told('an')?.tracks[0]?.muted).toBe(true)
    expect(an.peer.muted.get(sid)).toBe(true)
    expect(an.link.cases()).not.toContain('mute')
    an.participant.publications.setMutedByClient(sid, false)
    await rooms.registry.mutePublishedTrack('R', 'an', sid, true)
    expect(an.link.last('mute')).toMatchObject({ sid, muted: true })
    expect(binh.link.told('an')?.tracks[0]?.muted).toBe(true)
    await expect(rooms.registry.mutePublishedTrack('R', 'an', sid, false)).rejects.toMatchObject({
      code: 'permission_denied',
    })
    await expect(rooms.registry.mutePublishedTrack('R', 'an', 'TR_x', true)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('takes tracks down with the permission, also those only asked for', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    an.participant.publications.addTrack(trackRequest('pending'))
    const permission = new ParticipantPermission({ canSubscribe: true, canPublishData: true })
    await rooms.registry.updateParticipant('R', 'an', { permission })
    await settle()
    expect(an.link.all('trackUnpublished')).toHaveLength(2)
    expect(an.peer.calls).toContain(`unpublish ${sid}`)
    expect(binh.peer.subscribed.size).toBe(0)
    expect(an.link.told('an')?.permission).toMatchObject({ canPublish: false })
    // The offer that was on its way finds no claim and publishes nothing.
    await an.participant.publications.handleOffer(offer({ publish: ['pending'] }))
    await settle()
    expect(binh.link.told('an')?.tracks).toEqual([])
  })
})

describe('subscribing', () => {
  it('stops with canSubscribe and with the publisher’s permission', async () => {
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    const sid = await publish(an, 'cam')
    const only = new TrackPermission({ participantIdentity: 'binh', trackSids: [sid] })
    const permission = new SubscriptionPermission({ allParticipants: false, trackPermissions: [only] })
    an.room.changeSubscriptionPermission(an.participant, permission)
    await settle()
    expect([binh.peer.subscribed.size, chi.peer.subscribed.size]).toEqual([1, 0])
    expect(chi.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: sid, allowed: false })
    // Somebody who comes later is bound by it too.
    expect((await rooms.join('dung')).peer.subscribed.size).toBe(0)
    await rooms.registry.updateParticipant('R', 'binh', {
      permission: new ParticipantPermission({ canPublish: true }),
    })
    await settle()
    expect(binh.peer.subscribed.size).toBe(0)
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({ allParticipants: true }),
    )
    await settle()
    expect(chi.peer.subscribed.size).toBe(1)
  })

  it('is changed by the API for tracks that exist', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    await rooms.registry.updateSubscriptions('R', 'binh', [sid], false)
    await settle()
    expect(binh.peer.subscribed.size).toBe(0)
    await expect(rooms.registry.updateSubscriptions('R', 'binh', ['TR_x'], true)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('tells stream states and dynacast demands to whom they concern', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    binh.peer.listener.onStreamState(sid, 'paused')
    expect(binh.link.last('streamStateUpdate').streamStates).toMatchObject([
      { participantSid: an.participant.id, trackSid: sid, state: 1 },
    ])
    rooms
      .roomMedia()
      .listener.onDemandChanged(an.participant.id, sid, [{ mimeType: 'video/VP8', maxSpatialLayer: -1 }])
    await wait(5_000)
    expect(
      an.link.last('subscribedQualityUpdate').subscribedQualities.map(quality => quality.enabled),
    ).toEqual([false, false, false])
  })
})

describe('a lost signal connection', () => {
  it('is resumed by the same participant, which then hears what it missed, in order, offers excepted', async () => {
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    an.participant.handleLinkLost(an.link)
    await wait(10_000)
    expect(binh.link.told('an')).toBeUndefined()
    const sid = await publish(binh, 'cam')
    chi.room.leave(chi.participant, 'client_left')
    an.peer.listener.onSubscriberOffer({ sdp: 'void', midToTrackId: {} })
    await rooms.registry.updateRoomMetadata('R', 'new')

    const link = new RecordingLink()
    const resumed = rooms.registry.resume(rooms.claims('an'), an.participant.id, link)
    await settle()
    expect(resumed?.participant).toBe(an.participant)
    expect(link.cases()[0]).toBe('reconnect')
    expect(link.told('binh')?.tracks.map(track => track.sid)).toEqual([sid])
    expect(link.told('chi')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
    expect(link.last('roomUpdate').room?.metadata).toBe('new')
    expect(link.all('offer').map(({ sdp }) => sdp)).toEqual(['offer with new credentials'])
    expect(an.peer.iceRestarts).toBe(1)
    await wait(60_000)
    expect(an.participant.isClosed).toBe(false)
  })

  it('ends the participant when nobody comes back in time', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    an.participant.handleLinkLost(an.link)
    await wait(15_000)
    expect(an.participant.isClosed).toBe(false)
    await wait(6_000)
    expect(binh.link.told('an')).toMatchObject({
      state: ParticipantInfo_State.DISCONNECTED,
      disconnectReason: DisconnectReason.SIGNAL_CLOSE,
    })
    expect(rooms.events.at(-1)).toMatchObject({ event: 'participant_left', participant: { identity: 'an' } })
    expect(rooms.registry.resume(rooms.claims('an'), an.participant.id, new RecordingLink())).toBeUndefined()
  })

  it('may be resumed before the old socket is known to be lost, and only by its owner', async () => {
    const an = await rooms.join('an')
    expect(
      rooms.registry.resume(rooms.claims('other'), an.participant.id, new RecordingLink()),
    ).toBeUndefined()
    const link = new RecordingLink()
    rooms.registry.resume(rooms.claims('an'), an.participant.id, link)
    expect(an.link.closed).toBeDefined()
    expect(an.link.cases()).not.toContain('leave')
    an.participant.handleLinkLost(an.link)
    await wait(60_000)
    expect(an.participant.isClosed).toBe(false)
  })

  it('drops answers to void offers', async () => {
    const an = await rooms.join('an')
    const { id } = an.link.last('offer')
    await an.participant.handleSubscriberAnswer(offer({}, id + 7))
    expect(an.peer.answers).toEqual([])
    await an.participant.handleSubscriberAnswer(offer({}, id))
    await an.participant.handleSubscriberAnswer(offer({}, 0))
    expect(an.peer.answers).toHaveLength(2)
  })
})

describe('lost media', () => {
  it('ends the participant when it stays away, with the order to come back', async () => {
    const an = await rooms.join('an')
    an.peer.listener.onDisconnected('subscriber')
    await wait(20_000)
    an.peer.listener.onConnected('subscriber')
    await wait(60_000)
    expect(an.participant.isClosed).toBe(false)
    an.peer.listener.onDisconnected('subscriber')
    await wait(31_000)
    expect(an.link.last('leave')).toMatchObject({ action: LeaveRequest_Action.RECONNECT })
  })

  it('with its worker, means a full reconnect at once', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    an.peer.listener.onLost('worker_died')
    expect(an.link.last('leave')).toMatchObject({ action: LeaveRequest_Action.RECONNECT, canReconnect: true })
    expect(an.peer.closedWith).toBe('worker_died')
    expect(binh.link.told('an')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
    expect((await rooms.join('an')).participant.id).not.toBe(an.participant.id)
  })
})

describe('data', () => {
  it('goes to all others, or to those named, from whoever really sent it', async () => {
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    an.peer.listener.onData('reliable', userPacket('hi'))
    an.peer.listener.onData('lossy', userPacket('psst', { destinationIdentities: ['chi'] }))
    expect(received(binh).map(({ kind, packet }) => [kind, packet.participantIdentity])).toEqual([
      ['reliable', 'an'],
    ])
    expect(received(chi).map(({ kind }) => kind)).toEqual(['reliable', 'lossy'])
    expect(an.peer.sent).toEqual([])
  })

  it('is dropped without the grant, too large, malformed, repeated or too much', async () => {
    const an = await rooms.join('an')
    const mute = await rooms.join('mute', { video: { canPublishData: false } })
    mute.peer.listener.onData('reliable', userPacket('no'))
    const binh = await rooms.join('binh')
    binh.peer.listener.onData('reliable', userPacket('x'.repeat(70_000)))
    binh.peer.listener.onData('reliable', Uint8Array.of(0xff))
    binh.peer.listener.onData('data_track', userPacket('no'))
    binh.peer.listener.onData('reliable', userPacket('1', { sequence: 5 }))
    binh.peer.listener.onData('reliable', userPacket('1 again', { sequence: 5 }))
    expect(received(an)).toHaveLength(1)
    for (let i = 0; i < 5_000; i++) binh.peer.listener.onData('lossy', userPacket('flood'))
    expect(received(an).length).toBeLessThan(2_100)
  })

  it('of metrics goes only to those who may read them', async () => {
    const [an, binh] = [
      await rooms.join('an', { video: { canSubscribeMetrics: true } }),
      await rooms.join('binh'),
    ]
    const chi = await rooms.join('chi')
    const { DataPacket, MetricsBatch } = await import('@livekit/protocol')
    const packet = new DataPacket({ value: { case: 'metrics', value: new MetricsBatch() } }).toBinary()
    chi.peer.listener.onData('reliable', packet)
    expect([an.peer.sent.length, binh.peer.sent.length]).toEqual([1, 0])
  })
})

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

  it('batches news of observers in a large room, the newest state of each, publishers at once', async () => {
    rooms = new TestRooms({ promptUpdatesUpTo: 0, observerUpdateMs: 1_000 })
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
    expect(an.link.last('roomUpdate').room?.numParticipants).toBe(2)
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
    await capture.close('stopped')
    await capture.close('stopped')
    expect(rooms.roomMedia().captures[0]).toMatchObject({ closedWith: 'left' })
    expect(an.link.last('roomUpdate').room?.activeRecording).toBe(false)
    await expect(rooms.registry.openCapture('none', () => {})).rejects.toMatchObject({ code: 'not_found' })
  })
})
