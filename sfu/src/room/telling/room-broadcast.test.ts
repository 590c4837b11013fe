/** Nobody and nothing may stay in a room, or in somebody's list, after it has left; and nobody may be seen who is hidden. */
import { ParticipantInfo_State, ParticipantPermission } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  offer,
  publish,
  settle,
  trackRequest,
  useTimedRooms,
} from '../../../test/room-support/test-room.ts'

const { rooms, wait } = useTimedRooms({ promptUpdatesUpTo: 3, audienceFrom: 3 })
const viewer = { video: { canPublish: false } }
const speaker = (canPublish: boolean) =>
  new ParticipantPermission({ canPublish, canSubscribe: true, canPublishData: canPublish })
const leave = (client: Client) => client.room.leave(client.participant, 'client_left')
const stateFor = (client: Client, identity: string) => client.link.told(identity)?.state

describe('a track published by somebody who leaves meanwhile', () => {
  it('is never told as published after its end, however the two fall together', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
      an.participant.publications.addTrack(trackRequest('cam', { muted: true }))
      const { track } = an.link.last('trackPublished')
      rooms.events.length = 0
      const answered = an.participant.publications.handleOffer(offer({ publish: ['cam'] }))
      for (let step = 0; step < steps; step++) await Promise.resolve()
      leave(an)
      await answered
      await settle()
      const story = rooms.eventNames()
      const published = story.indexOf('track_published')
      expect(published, `left after ${steps} steps: ${story}`).toBeLessThan(story.indexOf('participant_left'))
      expect(story.indexOf('track_unpublished')).toBeGreaterThanOrEqual(published)
      expect(an.room.publisherOf(track!.sid)).toBeUndefined()
      leave(binh)
    }
  })

  it('follows a mute or unmute that came while its offer was answered', async () => {
    const an = await rooms.join('an')
    for (const [cid, muted] of [
      ['cam', false],
      ['screen', true],
    ] as const) {
      an.participant.publications.addTrack(trackRequest(cid, { muted }))
      const { track } = an.link.last('trackPublished')
      const answered = an.participant.publications.handleOffer(offer({ publish: [cid] }))
      await Promise.resolve()
      an.participant.publications.setMutedByClient(track!.sid, !muted)
      await answered
      await settle()
      expect(an.peer.muted.get(track!.sid as never)).toBe(!muted)
    }
  })
})

describe('a join that fails half-way', () => {
  it('leaves neither a participant nor an open room behind', async () => {
    // Encoded as an int32.
    expect(() => rooms.enter('an', { query: { clientProtocol: 3_000_000_000 } })).toThrow('int 32')
    await wait(300_000)
    expect(rooms.registry.listRooms()).toEqual([])
    expect(rooms.eventNames()).toEqual(['room_started', 'room_finished'])
  })
})

describe('in a large room a viewer', () => {
  it('hears of the end of another whose connection was replaced', async () => {
    const [v, w] = [await rooms.join('v', viewer), await rooms.join('w', viewer)]
    for (const identity of ['x', 'y', 'z']) await rooms.join(identity, viewer)
    const again = await rooms.join('v', viewer)
    expect(w.link.told('v')?.sid).toBe(again.participant.id)
    leave(again)
    await wait(100)
    expect(stateFor(w, 'v')).toBe(ParticipantInfo_State.DISCONNECTED)
    expect(v.participant.isClosed).toBe(true)
  })

  it('who was a speaker for a while hears of the end of those it was told of', async () => {
    const clients = []
    for (const identity of ['a', 'b', 'c', 'd', 'e']) clients.push(await rooms.join(identity, viewer))
    const [, , , d, e] = clients as [Client, Client, Client, Client, Client]
    expect(e.link.last('join').otherParticipants).toHaveLength(0)
    e.room.changes.permission(e.participant, speaker(true))
    expect(stateFor(e, 'd')).toBe(ParticipantInfo_State.ACTIVE)
    e.room.changes.permission(e.participant, speaker(false))
    leave(d)
    await wait(100)
    expect(stateFor(e, 'd')).toBe(ParticipantInfo_State.DISCONNECTED)
  })

  it('who joined before there was an audience hears of the end of those it found there', async () => {
    const x = await rooms.join('x', viewer)
    const c = await rooms.join('c', viewer)
    expect(c.link.last('join').otherParticipants.map(({ identity }) => identity)).toContain('x')
    for (const identity of ['e', 'f', 'g']) await rooms.join(identity, viewer)
    leave(x)
    await wait(100)
    expect(stateFor(c, 'x')).toBe(ParticipantInfo_State.DISCONNECTED)
  })
})

describe('hidden', () => {
  it('a participant that takes the place of a visible one ends that one for the others', async () => {
    const [, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const hidden = await rooms.join('an', { video: { hidden: true } })
    expect(stateFor(binh, 'an')).toBe(ParticipantInfo_State.DISCONNECTED)
    expect(binh.link.told('an')?.sid).not.toBe(hidden.participant.id)
  })

  it('participants are not in the qualities that newcomers and those who resume are told', async () => {
    const ghost = await rooms.join('ghost', { video: { hidden: true } })
    const an = await rooms.join('an')
    await publish(an, 'cam')
    await wait(6_000)
    const binh = await rooms.join('binh')
    const told = binh.link.all('connectionQuality').flatMap(({ updates }) => updates)
    expect(told.map(({ participantSid }) => participantSid)).toEqual([an.participant.id])
    expect(ghost.link.all('connectionQuality').flatMap(({ updates }) => updates).length).toBeGreaterThan(0)
  })
})

describe('a token', () => {
  it('for the room somebody is moved to has no rights over that room', async () => {
    const an = await rooms.join('an', { video: { roomAdmin: true, roomRecord: true, destinationRoom: 'S' } })
    await rooms.registry.moveParticipant('R', 'an', 'S')
    const { video } = JSON.parse(an.link.last('roomMoved').token) as { video: Record<string, unknown> }
    expect(video).toMatchObject({ room: 'S', roomJoin: true, roomAdmin: false, roomRecord: false })
    expect(video.destinationRoom).toBe('')
  })
})

describe('the story told outside', () => {
  it('has a track after its publisher has joined, although it was offered before', async () => {
    const { participant, link } = rooms.enter('an')
    await settle()
    participant.publications.addTrack(trackRequest('cam'))
    await participant.publications.handleOffer(offer({ publish: ['cam'] }))
    expect(link.cases()).toContain('answer')
    expect(rooms.eventNames()).toEqual(['room_started'])
    rooms.media.peer(participant.id).listener.onConnected('subscriber')
    expect(rooms.eventNames()).toEqual(['room_started', 'participant_joined', 'track_published'])
    expect(rooms.events.at(-1)).toMatchObject({ track: { name: 'cam' }, participant: { identity: 'an' } })
  })

  it('has no tracks of somebody whose media never connected', async () => {
    const { participant, room } = rooms.enter('an')
    await settle()
    participant.publications.addTrack(trackRequest('cam'))
    await participant.publications.handleOffer(offer({ publish: ['cam'] }))
    room.leave(participant, 'media_lost')
    expect(rooms.eventNames()).toEqual(['room_started', 'participant_connection_aborted'])
  })
})
