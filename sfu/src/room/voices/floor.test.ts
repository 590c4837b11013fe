import { ParticipantPermission } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { publish, settle, useTimedRooms } from '../../../test/room-support/test-room.ts'

describe('who has the floor', () => {
  const { rooms } = useTimedRooms()
  const asked = () => rooms.roomMedia()

  it('is whose attribute the API has set, and the media is told to look', async () => {
    const an = await rooms.join('an')
    expect(asked().listener.hasFloor(an.participant.id)).toBe(false)
    const checks = asked().floorChecks
    an.room.changes.profile(an.participant, { attributes: { floor: '1' } })
    expect(asked().listener.hasFloor(an.participant.id)).toBe(true)
    expect(asked().floorChecks).toBe(checks + 1)
    an.room.changes.profile(an.participant, { attributes: { floor: '' } })
    expect(asked().listener.hasFloor(an.participant.id)).toBe(false)
    expect(asked().floorChecks).toBe(checks + 2)
  })

  it('may come with the token', async () => {
    const an = await rooms.join('an', { claims: { attributes: { floor: 'yes' } } })
    expect(asked().listener.hasFloor(an.participant.id)).toBe(true)
  })

  it('is nobody who may write that attribute, nor somebody unknown', async () => {
    const an = await rooms.join('an', { claims: { attributes: { floor: '1' } } })
    const before = asked().floorChecks
    const permission = new ParticipantPermission({
      canSubscribe: true,
      canPublish: true,
      canUpdateMetadata: true,
    })
    an.room.changes.permission(an.participant, permission)
    expect(asked().listener.hasFloor(an.participant.id)).toBe(false)
    expect(asked().floorChecks).toBe(before + 1)
    expect(asked().listener.hasFloor('PA_nobody' as never)).toBe(false)
  })
})

it('is the same at every node', async () => {
  const east = new TestNode('ND_east')
  const west = new TestNode('ND_west')
  try {
    const an = await east.rooms.join('an')
    await publish(an, 'cam')
    await west.rooms.join('binh')
    await deliver([east, west])
    const media = west.rooms.roomMedia()
    const before = media.floorChecks
    an.room.changes.profile(an.participant, { attributes: { floor: '1' } })
    await deliver([east, west])
    await settle()
    expect(media.listener.hasFloor(an.participant.id)).toBe(true)
    expect(media.floorChecks).toBeGreaterThan(before)
  } finally {
    await east.rooms.registry.close()
    await west.rooms.registry.close()
  }
})

describe('a participant', () => {
  const { rooms } = useTimedRooms()

  it.each([
    ['a person', {}, {}, false],
    ['a recorder', { recorder: true }, {}, true],
    ['an agent', {}, { kind: 'agent' }, true],
  ] as const)('that is %s takes all microphones or not', async (_who, video, claims, hearsAll) => {
    const { peer } = await rooms.join('an', { video, claims })
    expect(peer.options.hearsAll).toBe(hearsAll)
  })
})
