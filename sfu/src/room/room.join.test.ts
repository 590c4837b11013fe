import {
  DisconnectReason,
  LeaveRequest_Action,
  ParticipantInfo_State,
  ServerInfo_Edition,
} from '@livekit/protocol'
import { describe, expect, it, vi } from 'vitest'
import { offer, publish, RecordingLink, settle, useTimedRooms } from '../../test/room-support/test-room.ts'

const { rooms, wait } = useTimedRooms()

describe('joining', () => {
  it('answers with the join reply before anything else, then the subscriber offer', async () => {
    const an = await rooms.join('an')
    await publish(an, 'cam')
    const { link } = await rooms.join('binh')
    expect(link.cases().slice(0, 1)).toEqual(['join'])
    const reply = link.last('join')
    expect(reply.participant).toMatchObject({ identity: 'binh', state: ParticipantInfo_State.JOINED })
    expect(reply.otherParticipants.map(info => [info.identity, info.tracks.length])).toEqual([['an', 1]])
    expect(link.cases()).toContain('offer')
  })

  it('says in the join reply what the server is and does', () => {
    const { link } = rooms.enter('an')
    const codecs = ['audio/opus', 'video/VP8', 'video/H264', 'video/VP9', 'video/AV1'].map(mime => ({ mime }))
    const reply = link.last('join')
    expect(reply).toMatchObject({
      subscriberPrimary: true,
      pingInterval: 5,
      pingTimeout: 15,
      enabledPublishCodecs: codecs,
      fastPublish: true,
      serverVersion: '1.9.0',
      serverInfo: {
        edition: ServerInfo_Edition.Standard,
        version: '1.9.0',
        protocol: 16,
        nodeId: expect.stringMatching(/^ND_\w+$/),
        region: '',
        debugInfo: '',
        agentProtocol: 0,
      },
      alternativeUrl: '',
      serverRegion: '',
      sifTrailer: new Uint8Array(),
    })
    expect(reply.clientConfiguration).toBeUndefined()
  })

  it('lets those who may not publish connect their publisher side only when they need it', () => {
    const { link } = rooms.enter('an', { video: { canPublish: false, canPublishData: true } })
    expect(link.last('join').fastPublish).toBe(false)
  })

  it('tells the others at once, and again, as does an event, when its media is connected', async () => {
    const an = await rooms.join('an')
    const binh = rooms.enter('binh', { claims: { attributes: { role: 'chair' } } })
    await settle()
    expect(an.link.told('binh')).toMatchObject({
      state: ParticipantInfo_State.JOINED,
      attributes: { role: 'chair' },
    })
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
    expect(() => rooms.enter('an', { claims: { metadata: 'x'.repeat(600_000) } })).toThrow(/metadata/)
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
    expect(link.last('reconnect').serverInfo).toEqual(an.link.last('join').serverInfo)
    expect(link.told('binh')?.tracks.map(track => track.sid)).toEqual([sid])
    expect(link.told('chi')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
    expect(link.last('roomUpdate').room?.metadata).toBe('new')
    expect(link.all('offer').map(({ sdp }) => sdp)).toEqual(['offer with new credentials'])
    expect(an.peer.iceRestarts).toBe(1)
    await wait(60_000)
    expect(an.participant.isClosed).toBe(false)
  })

  it('is told of everybody anew, itself included: what was written to the old socket may have been lost', async () => {
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    const dung = await rooms.join('dung')
    // The link is dead, but nobody knows yet.
    chi.room.leave(chi.participant, 'client_left')
    dung.room.leave(dung.participant, 'client_left')
    const back = await rooms.join('dung')
    const link = new RecordingLink()
    rooms.registry.resume(rooms.claims('an'), an.participant.id, link)
    await settle()
    // Native clients take the first update after the reply for the whole list.
    expect(link.cases().slice(0, 2)).toEqual(['reconnect', 'update'])
    const [first] = link.all('update')
    expect(first?.participants.map(({ sid, state }) => [sid, state])).toEqual([
      [chi.participant.id, ParticipantInfo_State.DISCONNECTED],
      [back.participant.id, ParticipantInfo_State.ACTIVE],
      [an.participant.id, ParticipantInfo_State.ACTIVE],
      [binh.participant.id, ParticipantInfo_State.ACTIVE],
    ])
    await wait(71_000)
    const late = new RecordingLink()
    rooms.registry.resume(rooms.claims('an'), an.participant.id, late)
    expect(late.all('update')[0]?.participants.map(({ identity }) => identity)).toEqual([
      'an',
      'binh',
      'dung',
    ])
  })

  it('is told of who has left meanwhile, also when the clock of this machine was set forward', async () => {
    const [an, chi] = [await rooms.join('an'), await rooms.join('chi')]
    // The link is dead, but nobody knows yet.
    chi.room.leave(chi.participant, 'client_left')
    vi.setSystemTime(Date.now() + 3_600_000)
    const link = new RecordingLink()
    rooms.registry.resume(rooms.claims('an'), an.participant.id, link)
    await settle()
    expect(link.told('chi')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
  })

  it('ends the participant when nobody comes back in time', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    an.participant.handleLinkLost(an.link)
    await wait(39_000)
    expect(an.participant.isClosed).toBe(false)
    await wait(2_000)
    expect(binh.link.told('an')).toMatchObject({
      state: ParticipantInfo_State.DISCONNECTED,
      disconnectReason: DisconnectReason.SIGNAL_CLOSE,
    })
    expect(rooms.events.at(-1)).toMatchObject({ event: 'participant_left', participant: { identity: 'an' } })
    expect(rooms.registry.resume(rooms.claims('an'), an.participant.id, new RecordingLink())).toBeUndefined()
  })

  it('ends soon whoever has no media yet, unless that connects meanwhile', async () => {
    const an = await rooms.join('an')
    const [gone, slow] = [rooms.enter('gone'), rooms.enter('slow')]
    for (const { participant, link } of [gone, slow]) participant.handleLinkLost(link)
    await wait(4_000)
    expect(gone.participant.isClosed).toBe(false)
    rooms.media.peer(slow.participant.id).listener.onConnected('subscriber')
    await wait(2_000)
    expect(an.link.told('gone')).toMatchObject({ state: ParticipantInfo_State.DISCONNECTED })
    expect(rooms.eventNames()).not.toContain('participant_left')
    await wait(33_000)
    expect(slow.participant.isClosed).toBe(false)
    await wait(2_000)
    expect(slow.participant.isClosed).toBe(true)
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
