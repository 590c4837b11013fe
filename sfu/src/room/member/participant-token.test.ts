import { ParticipantPermission, RoomConfiguration, TrackSource } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { RecordingLink, settle, useTimedRooms } from '../../../test/room-support/test-room.ts'
import type { TokenContents } from '../base/claims.ts'

type Said = TokenContents & { validForS: number }

describe('the token a client comes back with', () => {
  const { rooms, wait } = useTimedRooms()
  const tokens = (link: RecordingLink): Said[] => link.all('refreshToken').map(token => JSON.parse(token))
  const last = (link: RecordingLink): Said => tokens(link).at(-1)!

  it('says after the join what the first one said, and lives as long if that is longer', async () => {
    const roomConfig = new RoomConfiguration({ maxParticipants: 9 })
    const { link } = await rooms.join('an', {
      video: { canPublishSources: ['camera'], roomAdmin: true },
      claims: {
        metadata: 'm',
        attributes: { role: 'chair' },
        kind: 'agent',
        kindDetails: ['cloud_agent'],
        roomConfig,
        expiresAtS: Date.now() / 1000 + 3600,
      },
    })
    expect(tokens(link)).toHaveLength(1)
    expect(last(link)).toMatchObject({
      identity: 'an',
      name: 'name of an',
      metadata: 'm',
      attributes: { role: 'chair' },
      kind: 'agent',
      kindDetails: ['cloud_agent'],
      roomConfig: { maxParticipants: 9 },
      video: { room: 'R', roomJoin: true, roomAdmin: true, canPublishSources: ['camera'], canPublish: true },
    })
    expect(last(link).validForS).toBeGreaterThan(3590)
    expect(last((await rooms.join('binh')).link).validForS).toBe(600)
  })

  it('comes again every five minutes, well before it expires, and not after the end', async () => {
    const { link, participant, room } = await rooms.join('an')
    await wait(301_000)
    expect(tokens(link)).toHaveLength(2)
    room.leave(participant, 'removed')
    await wait(301_000)
    expect(tokens(link)).toHaveLength(2)
  })

  it('follows name, metadata, attributes and permissions', async () => {
    const { link, participant, room } = await rooms.join('an')
    room.changes.profile(participant, { name: 'An', metadata: 'new', attributes: { hand: '1' } })
    await wait(1_100)
    expect(last(link)).toMatchObject({ name: 'An', metadata: 'new', attributes: { hand: '1' } })
    const permission = new ParticipantPermission({
      canSubscribe: true,
      canPublish: true,
      canPublishSources: [TrackSource.MICROPHONE],
      canUpdateMetadata: true,
      canSubscribeMetrics: true,
      canManageAgentSession: true,
      recorder: true,
      agent: true,
    })
    room.changes.permission(participant, permission)
    await wait(1_100)
    expect(last(link).video).toMatchObject({
      canSubscribe: true,
      canPublishSources: ['microphone'],
      canPublishData: false,
      canUpdateOwnMetadata: true,
      canSubscribeMetrics: true,
      canManageAgentSession: true,
      recorder: true,
      agent: true,
      hidden: false,
    })
  })

  it('comes with a resume, and what changed at once is told once', async () => {
    const { participant, link } = await rooms.join('an')
    await wait(1_100)
    participant.handleLinkLost(link)
    const again = new RecordingLink()
    rooms.registry.resume(rooms.claims('an'), participant.id, again, '')
    await settle()
    expect(tokens(again)).toHaveLength(1)
    participant.token.refresh()
    participant.token.refresh()
    expect(again.cases()[0]).toBe('reconnect')
    // What was asked for meanwhile comes a second later, in one.
    await wait(5_000)
    expect(tokens(again)).toHaveLength(2)
  })

  it('is not signed more than once a second, however often things change, and has the last of it', async () => {
    const { link, participant, room } = await rooms.join('an')
    for (let i = 1; i <= 40; i++) {
      room.changes.profile(participant, { attributes: { at: `${i}` } })
      await wait(50)
    }
    await wait(1_000)
    expect(tokens(link).length).toBeLessThanOrEqual(4)
    expect(last(link).attributes).toEqual({ at: '40' })
  })
})
