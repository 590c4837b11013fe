import { ParticipantPermission } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { publish, RecordingLink, settle, useTimedRooms } from '../../../test/room-support/test-room.ts'
import { defaultJoinQuery, type VideoGrants } from '../base/claims.ts'

const video: VideoGrants = { secondConnection: true, canSubscribe: false }

describe('a second connection', () => {
  const { rooms, wait } = useTimedRooms()
  const second = (name = 'x', rest: VideoGrants = {}) => ({
    video: { ...video, ...rest },
    claims: { owner: 'an' },
    query: { publish: name },
  })
  const join = (name = 'x', rest: VideoGrants = {}) => rooms.join(`an#${name}`, second(name, rest))
  const counts = () => rooms.registry.listRooms()[0]

  it('needs its owner in the room, and makes no room', async () => {
    expect(() => rooms.enter('an#x', second())).toThrow('the room does not exist')
    expect(rooms.registry.listRooms()).toEqual([])
    await rooms.join('binh')
    expect(() => rooms.enter('an#x', second())).toThrow('needs its owner')
    await rooms.join('an')
    await join()
    // No chains: a second connection owns nothing.
    expect(() => rooms.enter('an#x#y', { ...second(), claims: { owner: 'an#x' } })).toThrow('needs its owner')
  })

  it('is nobody: not in numbers, the maximum, or the webhooks about participants', async () => {
    await rooms.registry.createRoom({ name: 'R', maxParticipants: 2 })
    const an = await rooms.join('an')
    const x = await join()
    await publish(x, 'cam')
    await rooms.join('binh')
    const y = await join('y')
    expect(counts()).toMatchObject({ numParticipants: 2, numPublishers: 0 })
    expect(() => rooms.enter('chi')).toThrow('the room is full')
    x.room.leave(x.participant, 'client_left')
    y.room.leave(y.participant, 'client_left')
    an.room.leave(an.participant, 'client_left')
    await settle()
    expect(rooms.events.map(({ event, participant }) => [event, participant?.identity])).toEqual([
      ['room_started', undefined],
      ['participant_joined', 'an'],
      ['track_published', 'an#x'],
      ['participant_joined', 'binh'],
      ['track_unpublished', 'an#x'],
      ['participant_left', 'an'],
    ])
  })

  it.each([
    ['removed', 'removed'],
    ['client_left', 'owner_left'],
    ['media_lost', 'media_lost'],
  ] as const)('ends with its owner (%s)', async (reason, closedWith) => {
    const an = await rooms.join('an')
    const x = await join()
    an.room.leave(an.participant, reason)
    expect(x.participant.isClosed).toBe(true)
    expect(x.link.closed?.reason).toBe(closedWith)
    expect(x.link.cases()).toContain('leave')
    await wait(20_000)
    expect(rooms.registry.listRooms()).toEqual([])
  })

  it('stays while its owner connects anew', async () => {
    await rooms.join('an')
    const x = await join()
    await rooms.join('an')
    expect(x.participant.isClosed).toBe(false)
  })

  it('is removed and revoked with its owner, and alone when it is named', async () => {
    await rooms.join('an', { claims: { notBeforeS: 100 } })
    const x = await join()
    await rooms.registry.removeParticipant('R', 'an#x', 200)
    expect(x.participant.isClosed).toBe(true)
    expect(() => rooms.enter('an#x', second())).toThrow('revoked')
    const y = await join('y')
    await rooms.registry.removeParticipant('R', 'an', 200)
    expect(y.participant.isClosed).toBe(true)
    await rooms.join('an', { claims: { notBeforeS: 200 } })
    expect(() => rooms.enter('an#y', second('y'))).toThrow('revoked')
    await rooms.join('an#y', { ...second('y'), claims: { owner: 'an', notBeforeS: 200 } })
  })

  it('is and may what its owner is and may at the time, whatever its token says', async () => {
    const an = await rooms.join('an', { claims: { attributes: { hall: '7' } } })
    an.room.changes.profile(an.participant, { name: 'An khác' })
    const camera = new ParticipantPermission({ canPublish: true, canPublishSources: [1], canSubscribe: true })
    an.room.changes.permission(an.participant, camera)
    const x = await join('x', { canPublish: true, canPublishData: true })
    expect(x.participant.info()).toMatchObject({ name: 'An khác', attributes: { hall: '7' } })
    expect(x.participant.permission).toMatchObject({
      canSubscribe: false,
      canPublish: true,
      canPublishData: false,
      canPublishSources: [1],
    })
    await publish(x, 'cam')
    an.room.changes.permission(an.participant, new ParticipantPermission({ canSubscribe: true }))
    an.room.changes.profile(an.participant, { attributes: { hall: '8' } })
    expect(x.participant.publications.published()).toEqual([])
    expect(x.participant.permission).toMatchObject({ canPublish: false, canSubscribe: false })
    expect(x.participant.attributes).toEqual({ hall: '8' })
  })

  it('is one of four at most, and takes nobody’s place', async () => {
    await rooms.join('an')
    for (const name of ['1', '2', '3', '4']) await join(name)
    expect(() => rooms.enter('an#5', second('5'))).toThrow('4 second connections at most')
    await join('4')
    const other = await rooms.join('an#z')
    expect(() => rooms.enter('an#z', second('z'))).toThrow('is taken')
    expect(other.participant.isClosed).toBe(false)
  })

  it('is renewed by a token for its owner, and resumes as itself', async () => {
    await rooms.join('an')
    const x = await join()
    expect(JSON.parse(x.link.last('refreshToken'))).toMatchObject({
      identity: 'an',
      video: { canSubscribe: false, secondConnection: true },
    })
    const claims = rooms.claims('an#x', video, { owner: 'an' })
    expect(rooms.registry.resume(claims, x.participant.id, new RecordingLink())?.participant).toBe(
      x.participant,
    )
    expect(rooms.registry.resume(rooms.claims('an'), x.participant.id, new RecordingLink())).toBeUndefined()
  })

  it('is neither moved nor shown elsewhere without its owner', async () => {
    await rooms.join('an')
    await join()
    await expect(rooms.registry.moveParticipant('R', 'an#x', 'S')).rejects.toThrow('cannot be moved')
    await expect(rooms.registry.forwardParticipant('R', 'an#x', 'S')).rejects.toThrow('cannot be shown')
  })

  it('is asked for by the query alone: a # in an identity means nothing', async () => {
    const hall = await rooms.join('an#7')
    expect(counts()).toMatchObject({ numParticipants: 1 })
    expect(hall.participant.query).toEqual(defaultJoinQuery)
    await rooms.join('an')
    await rooms.registry.removeParticipant('R', 'an', 200)
    expect(hall.participant.isClosed).toBe(false)
    await rooms.join('an#7')
  })
})
