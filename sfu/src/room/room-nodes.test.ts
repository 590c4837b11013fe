/** What a node says of a room as a whole: to one that comes in, or has missed something. */
import type { TrackId } from '@diemcau/core/ids.ts'
import {
  ConnectionQuality,
  ParticipantPermission,
  SubscriptionPermission,
  TrackPermission,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deliver, TestNode } from '../../test/room-support/test-nodes.ts'
import { type Client, publish, settle } from '../../test/room-support/test-room.ts'
import { decodeFullPart } from './copies/room-full.ts'

let east: TestNode
let west: TestNode
beforeEach(() => {
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
})
afterEach(async () => {
  vi.useRealTimers()
  await east.rooms.registry.close()
  await west.rooms.registry.close()
})

const nodesOf = (node: TestNode) => node.shared.get('R')!.nodes
const listed = (node: TestNode) => node.rooms.registry.listParticipants('R').map(p => p.identity)
const hear = (client: Client, track: TrackId, level: number) =>
  client.peer.room.listener.onSpeakers([{ participantId: client.participant.id, trackId: track, level }])

describe('all that a node says of a room', () => {
  it('brings its members, how well their media goes and who of them is heard to one that comes in', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    east.rooms.renew({}, { peers: east.peers })
    const an = await east.rooms.join('an')
    const silent = await east.rooms.join('silent')
    const camera = await publish(an, 'cam')
    an.peer.score = 1
    await vi.advanceTimersByTimeAsync(10_000)
    await settle()
    hear(an, camera, 0.5)
    // Nothing of that reached the other node: it was not in the room.
    east.outbox.splice(0)
    const binh = await west.rooms.join('binh')
    east.sayAll(west, 'R')
    await settle()
    expect(listed(west)).toEqual(['binh', 'an', 'silent'])
    expect([...binh.peer.subscribed]).toEqual([camera])
    expect(binh.link.last('connectionQuality').updates).toMatchObject([
      { participantSid: an.participant.id, quality: ConnectionQuality.POOR, score: 1 },
    ])
    expect(binh.link.last('speakersChanged').speakers).toMatchObject([
      { sid: an.participant.id, active: true },
    ])
    const late = await west.rooms.join('chi')
    expect(late.link.last('connectionQuality').updates).toMatchObject([{ participantSid: an.participant.id }])
    expect(silent.participant.isClosed).toBe(false)
    // What it says again tells nobody anything new.
    const before = binh.link.messages.length
    east.sayAll(west, 'R')
    await settle()
    expect(binh.link.cases().slice(before)).not.toContain('connectionQuality')
  })

  it('comes in parts that no link refuses, and is all of it when the last has come', async () => {
    const metadata = 'm'.repeat(60_000)
    for (let n = 0; n < 40; n += 1) await east.rooms.join(`p${n}`, { claims: { metadata } })
    await west.rooms.join('binh')
    const parts = nodesOf(east).full()
    expect(parts.length).toBeGreaterThan(2)
    for (const part of parts) expect(part.length).toBeLessThan(2 * 1024 * 1024)
    const ends = parts.map(part => nodesOf(west).takeFull(east.id, part))
    expect(ends).toEqual([...parts.slice(1).map(() => false), true])
    expect(listed(west)).toHaveLength(41)
    expect(west.rooms.registry.getParticipant('R', 'p39').metadata).toBe(metadata)
  })

  it('of somebody who has nobody there says just that, and its members leave', async () => {
    await east.rooms.join('an')
    await west.rooms.join('binh')
    east.sayAll(west, 'R')
    nodesOf(west).gone(east.id, 'left')
    expect(west.rooms.roomMedia().nodes?.gone).toEqual([east.id])
    await expect.poll(() => listed(west), { timeout: 2_000 }).toEqual(['binh'])
  })

  it('counts no more once the node is buried', async () => {
    const an = await east.rooms.join('an')
    const camera = await publish(an, 'cam')
    const binh = await west.rooms.join('binh')
    hear(an, camera, 1)
    nodesOf(west).gone(east.id, 'buried')
    const heard = binh.link.all('speakersChanged').length
    for (const part of nodesOf(east).full()) expect(nodesOf(west).takeFull(east.id, part)).toBe(false)
    await settle()
    expect(listed(west)).toEqual(['binh'])
    expect(binh.link.all('speakersChanged')).toHaveLength(heard)
  })

  it.each([
    ['nothing', ''],
    ['no words', '{"format":1}'],
    ['a record that is none', '{"format":1,"all":["PA_1"],"members":["e30="]}'],
    ['of another form', '{"format":2,"all":[],"members":[]}'],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => decodeFullPart(Buffer.from(text))).toThrow('cannot be read')
  })
})

describe('a track is carried to another node', () => {
  const mayHave = (track: TrackId) => east.rooms.roomMedia().nodes!.mayHave('ND_west', track)
  const allow = (an: Client, ...identities: string[]) =>
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({
        trackPermissions: identities.map(
          participantIdentity => new TrackPermission({ participantIdentity, allTracks: true }),
        ),
      }),
    )

  it('only while somebody there may have it', async () => {
    const an = await east.rooms.join('an')
    const camera = await publish(an, 'cam')
    expect(mayHave(camera)).toBe(false)
    const binh = await west.rooms.join('binh')
    await deliver([east, west])
    expect([mayHave(camera), mayHave('TR_none' as TrackId)]).toEqual([true, false])
    allow(an, 'chi')
    expect(mayHave(camera)).toBe(false)
    allow(an, 'binh')
    expect(mayHave(camera)).toBe(true)
    binh.room.changes.permission(binh.participant, new ParticipantPermission({ canPublish: true }))
    await deliver([east, west])
    expect(mayHave(camera)).toBe(false)
  })

  it('whomever its publisher allows it when somebody records there, which all see in the room', async () => {
    const an = await east.rooms.join('an')
    const camera = await publish(an, 'cam')
    await west.rooms.join('binh')
    await deliver([east, west])
    allow(an, 'chi')
    const capture = await west.rooms.registry.openCapture('R', () => {})
    await deliver([east, west])
    expect(mayHave(camera)).toBe(true)
    expect(an.link.last('roomUpdate').room?.activeRecording).toBe(true)
    expect(west.rooms.registry.listRooms()[0]?.activeRecording).toBe(true)
    // One that comes in hears of it with all that is said of the room.
    nodesOf(east).gone(west.id, 'unheard')
    expect(an.link.last('roomUpdate').room?.activeRecording).toBe(false)
    west.sayAll(east, 'R')
    expect([mayHave(camera), an.link.last('roomUpdate').room?.activeRecording]).toEqual([true, true])
    await capture.close('recorder_gone')
    await deliver([east, west])
    expect([mayHave(camera), an.link.last('roomUpdate').room?.activeRecording]).toEqual([false, false])
  })
})
