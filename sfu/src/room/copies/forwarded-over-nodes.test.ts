/** A participant of one room shown in another, as those see it who are in that one on other nodes. */
import type { ParticipantId } from '@diemcau/core/ids.ts'
import {
  DisconnectReason,
  ParticipantInfo_KindDetail,
  ParticipantInfo_State,
  SubscriptionPermission,
  TrackPermission,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, offer, publish, settle } from '../../../test/room-support/test-room.ts'

let east: TestNode
let west: TestNode
let north: TestNode
const all = () => deliver([east, west, north])
beforeEach(() => {
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
  north = new TestNode('ND_north')
})
afterEach(async () => {
  for (const node of [east, west, north]) await node.rooms.registry.close()
})

const inB = { video: { room: 'B' } }
const infoAt = (node: TestNode) => node.rooms.registry.getParticipant('B', 'an')
const listed = (node: TestNode) => node.rooms.registry.listParticipants('B').map(p => p.identity)
const landed = (node: TestNode) => [...(node.mediaOf('B').nodes?.remote.keys() ?? [])]

/** `an` in R on east with a camera, `binh` in B on west, `chi` in B on north, and `an` forwarded to B. */
async function setUp() {
  const an = await east.rooms.join('an', { claims: { metadata: 'm', attributes: { seat: '7' } } })
  const camera = await publish(an, 'cam')
  const binh = await west.rooms.join('binh', inB)
  const chi = await north.rooms.join('chi', inB)
  await all()
  await east.rooms.registry.forwardParticipant('R', 'an', 'B')
  // Its node has come into that room just now.
  for (const node of [west, north]) node.sayAll(east, 'B')
  await all()
  return { an, camera, binh, chi }
}

describe('a forwarded participant, on other nodes', () => {
  it('is a member of that room there as on its own node, with its tracks', async () => {
    const { an, camera, binh, chi } = await setUp()
    const info = infoAt(east)
    expect(info).toMatchObject({
      metadata: 'm',
      attributes: { seat: '7' },
      state: ParticipantInfo_State.ACTIVE,
      kindDetails: [ParticipantInfo_KindDetail.FORWARDED],
      tracks: [{ sid: camera }],
    })
    expect(info.sid).not.toBe(an.participant.id)
    for (const [node, client] of [
      [west, binh],
      [north, chi],
    ] as [TestNode, Client][]) {
      expect(infoAt(node)).toEqual(info)
      expect(client.link.told('an')).toEqual(info)
      expect([...client.peer.subscribed]).toEqual([camera])
      expect(node.mediaOf('B').nodes?.remote.get(camera)).toMatchObject({
        node: 'ND_east',
        facts: { participantId: info.sid },
      })
    }
    // One story, told by the node that shows it; its own room on other nodes hears of nothing.
    expect(west.rooms.eventNames()).not.toContain('track_published')
    expect(east.rooms.eventNames().filter(name => name === 'participant_joined')).toHaveLength(2)
    expect(west.subscribed).toEqual([camera])
  })

  it('follows its source: mute, name, tracks that come and go, and who may have them', async () => {
    const { an, camera, binh } = await setUp()
    an.participant.publications.setMutedByClient(camera, true)
    an.room.changes.profile(an.participant, { name: 'An mới' })
    await all()
    expect(binh.link.told('an')).toMatchObject({ name: 'An mới', tracks: [{ sid: camera, muted: true }] })
    const screen = await publish(an, 'screen')
    await all()
    expect([...binh.peer.subscribed]).toEqual([camera, screen])
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({
        trackPermissions: [new TrackPermission({ participantIdentity: 'binh', trackSids: [screen] })],
      }),
    )
    await all()
    expect([...binh.peer.subscribed]).toEqual([screen])
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({
      participantSid: infoAt(west).sid,
      trackSid: camera,
      allowed: false,
    })
    await an.participant.publications.handleOffer(offer({ stop: [screen] }))
    await all()
    expect([...binh.peer.subscribed]).toEqual([])
    expect(landed(west)).toEqual([camera])
  })

  it('ends everywhere with its source, with the reason', async () => {
    const { an, binh, chi } = await setUp()
    an.room.leave(an.participant, 'removed')
    await all()
    for (const client of [binh, chi])
      expect(client.link.told('an')).toMatchObject({
        state: ParticipantInfo_State.DISCONNECTED,
        disconnectReason: DisconnectReason.PARTICIPANT_REMOVED,
      })
    expect([listed(east), listed(west).toSorted()]).toEqual([
      ['binh', 'chi'],
      ['binh', 'chi'],
    ])
    expect(landed(west)).toEqual([])
  })

  it('ends everywhere when it is taken out of that room alone, and when that room closes on its node', async () => {
    const { an } = await setUp()
    await east.rooms.registry.removeParticipant('B', 'an')
    await all()
    expect(listed(west)).toEqual(['binh', 'chi'])
    expect(an.participant.isClosed).toBe(false)
    await east.rooms.registry.forwardParticipant('R', 'an', 'B')
    await all()
    expect(listed(west)).toContain('an')
    await east.rooms.registry.deleteRoom('B')
    await all()
    expect(listed(west)).toEqual(['binh', 'chi'])
  })

  it('gives way to who joins that room under its identity on another node', async () => {
    const { an, chi } = await setUp()
    const own = await west.rooms.join('an', inB)
    await all()
    await all()
    expect(listed(east).toSorted()).toEqual(['an', 'binh', 'chi'])
    expect(infoAt(east).sid).toBe(own.participant.id)
    expect(infoAt(north).sid).toBe(own.participant.id)
    expect(chi.link.told('an')).toMatchObject({ sid: own.participant.id, tracks: [] })
    expect(an.participant.isClosed).toBe(false)
  })

  it('is among all that its node says of the room, and has the claim and the sid it was given', async () => {
    const an = await east.rooms.join('an')
    const camera = await publish(an, 'cam')
    const dung = await east.rooms.join('dung', inB)
    const seat = { participantId: 'PA_seat' as ParticipantId, epoch: 9_000_000_000_000 }
    dung.room.forward(an.participant, an.room, seat)
    await settle()
    east.outbox.splice(0)
    const binh = await west.rooms.join('binh', inB)
    east.sayAll(west, 'B')
    await settle()
    expect(binh.link.told('an')).toMatchObject({ sid: 'PA_seat', tracks: [{ sid: camera }] })
    expect(west.shared.get('B')!.remote.epochOf('an')).toBe(seat.epoch)
  })

  it('cannot be shown where somebody of that identity is, on whatever node', async () => {
    await east.rooms.join('an')
    await east.rooms.join('dung', inB)
    await west.rooms.join('an', inB)
    await all()
    await expect(east.rooms.registry.forwardParticipant('R', 'an', 'B')).rejects.toMatchObject({
      code: 'already_exists',
    })
  })
})
