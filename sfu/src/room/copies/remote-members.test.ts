/** One room over two nodes: who is connected to one is a member on the other, by records that travel as bytes. */
import {
  DisconnectReason,
  ParticipantInfo_State,
  ParticipantPermission,
  SubscriptionPermission,
  TrackPermission,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, offer, publish, settle, trackRequest } from '../../../test/room-support/test-room.ts'

let east: TestNode
let west: TestNode
const both = () => deliver([east, west])
beforeEach(() => {
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
})
afterEach(async () => {
  await east.rooms.registry.close()
  await west.rooms.registry.close()
})

const listed = (node: TestNode) => node.rooms.registry.listParticipants('R').map(p => p.identity)
const remoteOf = (node: TestNode) => node.shared.get('R')!.remote
const published = (client: Client) => [...client.peer.subscribed]

/** `an` with a camera on east, `binh` on west. */
async function setUp() {
  const an = await east.rooms.join('an', { claims: { metadata: 'm', attributes: { seat: '7' } } })
  const camera = await publish(an, 'cam')
  const binh = await west.rooms.join('binh')
  await both()
  return { an, camera, binh }
}

describe('a member whose connection another node holds', () => {
  it('is to those here what it is to those there, under the same sid, and its tracks are theirs', async () => {
    const { an, camera, binh } = await setUp()
    const there = east.rooms.registry.getParticipant('R', 'an')
    expect(west.rooms.registry.getParticipant('R', 'an')).toEqual(there)
    expect(binh.link.told('an')).toEqual(there)
    expect(there).toMatchObject({ sid: an.participant.id, metadata: 'm', tracks: [{ sid: camera }] })
    expect(published(binh)).toEqual([camera])
    expect(west.landed.get(camera)).toBe(an.participant.id)
    expect(west.subscribed).toEqual([camera])
    const chi = await west.rooms.join('chi')
    expect(chi.link.last('join').otherParticipants.map(p => p.identity)).toEqual(['binh', 'an'])
    expect(chi.link.last('join').room).toMatchObject({ numParticipants: 2, numPublishers: 1 })
    expect(published(chi)).toEqual([camera])
    await both()
    expect(an.link.told('binh')?.sid).toBe(binh.participant.id)
    expect([listed(east), listed(west)].map(list => list.toSorted())).toEqual([
      ['an', 'binh', 'chi'],
      ['an', 'binh', 'chi'],
    ])
  })

  it('is told of outside by its own node only', async () => {
    const { an } = await setUp()
    east.rooms.registry.removeParticipant('R', 'an')
    await both()
    expect(east.rooms.eventNames()).toEqual([
      'room_started',
      'participant_joined',
      'track_published',
      'track_unpublished',
      'participant_left',
    ])
    expect(an.participant.isClosed).toBe(true)
    expect(west.rooms.eventNames()).toEqual(['room_started', 'participant_joined'])
  })

  it('takes changes with it: name, mute, permissions, who may have its tracks, tracks that come and go', async () => {
    const { an, camera, binh } = await setUp()
    an.room.changes.profile(an.participant, { name: 'An mới', attributes: { hand: '1' } })
    an.participant.publications.muteByServer(an.participant.publications.get(camera)!)
    await both()
    const muted = { name: 'An mới', attributes: { seat: '7', hand: '1' }, tracks: [{ muted: true }] }
    expect(binh.link.told('an')).toMatchObject(muted)
    const screen = await publish(an, 'screen')
    await both()
    expect(published(binh)).toEqual([camera, screen])
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({
        trackPermissions: [new TrackPermission({ participantIdentity: 'binh', trackSids: [screen] })],
      }),
    )
    await both()
    expect(published(binh)).toEqual([screen])
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({
      participantSid: an.participant.id,
      trackSid: camera,
      allowed: false,
    })
    const silent = new ParticipantPermission({ canSubscribe: true })
    an.room.changes.permission(an.participant, silent)
    await both()
    expect(published(binh)).toEqual([])
    expect(west.landed.size).toBe(0)
    expect(binh.link.told('an')).toMatchObject({ tracks: [], permission: { canPublish: false } })
  })

  it('tells the media side of its tracks as they change, and of none whose media has just ended', async () => {
    const { an, camera, binh } = await setUp()
    const factsThere = () => west.rooms.roomMedia().nodes?.remote.get(camera)
    expect(factsThere()).toMatchObject({
      node: 'ND_east',
      facts: { participantId: an.participant.id, muted: false },
    })
    an.participant.publications.muteByServer(an.participant.publications.get(camera)!)
    await both()
    expect(factsThere()?.facts.muted).toBe(true)
    an.peer.published.delete(camera)
    an.room.changes.profile(an.participant, { name: 'An 2' })
    await both()
    expect(binh.link.told('an')?.name).toBe('An 2')
  })

  it('hears once that a track of it found a subscriber, however many there are', async () => {
    await both()
    const { an, camera } = await setUp()
    await settle()
    expect(an.link.all('trackSubscribed').map(({ trackSid }) => trackSid)).toEqual([camera])
    await west.rooms.join('chi')
    expect(west.subscribed).toEqual([camera])
    // Nobody there to hear it: the next one who subscribes tells it again.
    west.peersById.clear()
    const screen = await publish(an, 'screen')
    for (const { room, word } of east.outbox.splice(0)) west.take(east.id, room, word)
    await settle()
    expect(an.link.all('trackSubscribed')).toHaveLength(1)
    await both()
    await west.rooms.join('dung')
    await settle()
    expect(an.link.last('trackSubscribed').trackSid).toBe(screen)
  })

  it('has nobody get a track that it withholds in the step in which it publishes it', async () => {
    const { an, camera, binh } = await setUp()
    const chi = await west.rooms.join('chi')
    an.participant.publications.addTrack(trackRequest('screen'))
    const screen = an.link.last('trackPublished').track!.sid
    const published = an.participant.publications.handleOffer(offer({ publish: ['screen'] }))
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({
        trackPermissions: [
          new TrackPermission({ participantIdentity: 'binh', trackSids: [camera] }),
          new TrackPermission({ participantIdentity: 'chi', allTracks: true }),
        ],
      }),
    )
    await published
    await both()
    expect(binh.link.told('an')?.tracks.map(({ sid }) => sid)).toEqual([camera, screen])
    expect(binh.peer.calls).not.toContain(`subscribe ${screen}`)
    expect([...chi.peer.subscribed]).toEqual([camera, screen])
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: screen, allowed: false })
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({ allParticipants: true }),
    )
    await both()
    expect([...binh.peer.subscribed]).toEqual([camera, screen])
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: screen, allowed: true })
  })

  it('tells of a track that goes on in fewer codecs, and of a mute the media side has not followed yet', async () => {
    const { an, camera } = await setUp()
    const codecs = () => west.rooms.roomMedia().nodes?.remote.get(camera)?.facts.codecs.length
    const { nodes } = east.rooms.roomMedia()
    const factsOf = nodes!.factsOf.bind(nodes)
    vi.spyOn(nodes!, 'factsOf').mockImplementation(id => ({ ...factsOf(id), codecs: [], muted: false }))
    await an.participant.publications.handleOffer(offer({ reduced: [camera] }))
    await both()
    expect(codecs()).toBe(0)
    an.participant.publications.setMutedByClient(camera, true)
    await both()
    expect(west.rooms.roomMedia().nodes?.remote.get(camera)?.facts.muted).toBe(true)
  })

  it('is not seen while it is hidden, and leaves and comes to the eyes of the others with that', async () => {
    const an = await east.rooms.join('an')
    const binh = await west.rooms.join('binh')
    await both()
    const hide = async (hidden: boolean) => {
      const permission = an.participant.permission.clone()
      permission.hidden = hidden
      an.room.changes.permission(an.participant, permission)
      await both()
    }
    await hide(true)
    expect(binh.link.told('an')?.state).toBe(ParticipantInfo_State.DISCONNECTED)
    const late = await west.rooms.join('chi')
    expect(late.link.last('join').otherParticipants.map(p => p.identity)).toEqual(['binh'])
    expect(remoteOf(west).get('an')?.isHidden).toBe(true)
    await hide(false)
    expect(binh.link.told('an')?.state).toBe(ParticipantInfo_State.ACTIVE)
    expect(late.link.told('an')?.state).toBe(ParticipantInfo_State.ACTIVE)
  })

  it('leaves with the reason its node gives', async () => {
    const { an, binh } = await setUp()
    an.room.leave(an.participant, 'removed')
    await both()
    expect(listed(west)).toEqual(['binh'])
    expect(published(binh)).toEqual([])
    expect(west.landed.size).toBe(0)
    expect(binh.link.told('an')).toMatchObject({
      state: ParticipantInfo_State.DISCONNECTED,
      disconnectReason: DisconnectReason.PARTICIPANT_REMOVED,
    })
  })

  it('is the newest of what was said, in whatever order it comes', async () => {
    const { an, camera, binh } = await setUp()
    const screen = await publish(an, 'screen')
    await settle()
    an.room.changes.profile(an.participant, { name: 'An 2' })
    await settle()
    await an.participant.publications.handleOffer(offer({ stop: [camera] }))
    await settle()
    expect(east.outbox.length).toBe(3)
    await deliver([east, west], words => words.toReversed())
    expect(binh.link.told('an')).toMatchObject({ name: 'An 2', tracks: [{ sid: screen }] })
    expect(published(binh)).toEqual([screen])
    an.room.leave(an.participant, 'client_left')
    await settle()
    const again = await east.rooms.join('an')
    await deliver([east, west], words => words.toReversed())
    expect(binh.link.told('an')).toMatchObject({ sid: again.participant.id, tracks: [] })
    expect(listed(west)).toEqual(['binh', 'an'])
  })

  it('gives way to the same identity on another node, which takes its place at once', async () => {
    const { an, camera, binh } = await setUp()
    an.room.changes.profile(an.participant, { name: 'An cũ' })
    await settle()
    const old = east.outbox.splice(0)
    const onWest = await west.rooms.join('an')
    await both()
    await both()
    expect(an.participant.isClosed).toBe(true)
    expect(an.link.last('leave').reason).toBe(DisconnectReason.DUPLICATE_IDENTITY)
    expect(east.rooms.eventNames().slice(-2)).toEqual(['track_unpublished', 'participant_left'])
    expect(binh.link.told('an')).toMatchObject({ sid: onWest.participant.id, tracks: [] })
    expect(published(binh)).toEqual([])
    expect(west.landed.has(camera)).toBe(false)
    expect(listed(east)).toEqual(
      remoteOf(east)
        .list()
        .map(({ identity }) => identity),
    )
    expect(listed(east).toSorted()).toEqual(['an', 'binh'])
    expect(onWest.participant.isClosed).toBe(false)
    // Old news of the one that lost changes nothing any more.
    east.outbox.push(...old)
    await both()
    expect(remoteOf(west).get('an')).toBeUndefined()
    expect(onWest.participant.isClosed).toBe(false)
    expect(listed(west).toSorted()).toEqual(['an', 'binh'])
  })

  it('is replaced on a third node, too, without anybody there seeing it leave', async () => {
    const north = new TestNode('ND_north')
    const nodes = [east, west, north]
    const chi = await north.rooms.join('chi')
    const an = await east.rooms.join('an')
    await deliver(nodes)
    const again = await west.rooms.join('an')
    await deliver(nodes)
    await deliver(nodes)
    expect(an.participant.isClosed).toBe(true)
    const states = chi.link
      .all('update')
      .flatMap(update => update.participants)
      .filter(({ identity }) => identity === 'an')
    expect(states.map(({ sid, state }) => ({ sid, state }))).not.toContainEqual(
      expect.objectContaining({ state: ParticipantInfo_State.DISCONNECTED }),
    )
    expect(states.at(-1)?.sid).toBe(again.participant.id)
    await north.rooms.registry.close()
  })

  it('is gone with its node for good, and only out of sight while its node is not heard', async () => {
    const { an, camera, binh } = await setUp()
    const { nodes } = west.shared.get('R')!
    nodes.gone(east.id, 'unheard')
    await settle()
    expect(listed(west)).toEqual(['binh'])
    expect(published(binh)).toEqual([])
    east.sayAll(west, 'R')
    await settle()
    expect(binh.link.told('an')?.sid).toBe(an.participant.id)
    expect(published(binh)).toEqual([camera])
    nodes.gone(east.id, 'buried')
    expect(west.rooms.roomMedia().nodes?.gone).toEqual([east.id])
    expect(binh.link.told('an')?.disconnectReason).toBe(DisconnectReason.SERVER_SHUTDOWN)
    east.sayAll(west, 'R')
    await settle()
    expect(listed(west)).toEqual(['binh'])
  })

  it('of a node that was not heard and has left the room meanwhile is not brought back by what that said before', async () => {
    await setUp()
    const before = east.shared.get('R')!.nodes.full()
    const { nodes } = west.shared.get('R')!
    nodes.gone(east.id, 'unheard')
    nodes.gone(east.id, 'left')
    for (const part of before) nodes.takeFull(east.id, part)
    await settle()
    expect(listed(west)).toEqual(['binh'])
  })

  it('that has come and gone is no member, though the news of its end came first', async () => {
    await setUp()
    const chi = await east.rooms.join('chi')
    chi.room.leave(chi.participant, 'client_left')
    await deliver([east, west], words => words.toReversed())
    expect(listed(west)).toEqual(['binh', 'an'])
  })

  it('is told of once for all that changes in one step', async () => {
    const { an } = await setUp()
    const { changes } = an.room
    changes.profile(an.participant, { name: 'An 2' })
    changes.profile(an.participant, { name: 'An 3' })
    await settle()
    expect(east.outbox).toHaveLength(1)
  })

  it('that its node no longer names is gone', async () => {
    const { an } = await setUp()
    an.room.leave(an.participant, 'client_left')
    await settle()
    // What it said of that was lost on the way.
    east.outbox.splice(0)
    await east.rooms.join('chi')
    east.sayAll(west, 'R')
    await settle()
    expect(listed(west)).toContain('chi')
    await expect.poll(() => listed(west), { timeout: 2_000 }).toEqual(['binh', 'chi'])
  })

  it('that its node no longer names is seen to leave with its own last word, if that still comes', async () => {
    const { an, binh } = await setUp()
    an.room.leave(an.participant, 'removed')
    await settle()
    // The list of all overtakes the news that it has left.
    east.sayAll(west, 'R')
    await settle()
    expect(binh.link.told('an')?.state).toBe(ParticipantInfo_State.ACTIVE)
    await both()
    expect(binh.link.told('an')).toMatchObject({
      state: ParticipantInfo_State.DISCONNECTED,
      disconnectReason: DisconnectReason.PARTICIPANT_REMOVED,
    })
    expect(listed(west)).toEqual(['binh'])
  })

  it('whose end comes after a newer list of all is not taken for whoever has come since', async () => {
    const { an } = await setUp()
    an.room.leave(an.participant, 'client_left')
    await settle()
    const old = east.outbox.splice(0)
    const again = await east.rooms.join('an')
    east.sayAll(west, 'R')
    east.outbox.unshift(...old)
    await both()
    expect(west.rooms.registry.getParticipant('R', 'an').sid).toBe(again.participant.id)
  })

  it('that has lost its claim is seen to leave when nobody takes its place, and is not when somebody does', async () => {
    const { an, camera } = await setUp()
    const chi = await east.rooms.join('chi')
    const dung = await east.rooms.join('dung')
    await both()
    const { remote } = east.shared.get('R')!
    // The new claim was given back before anybody heard of its holder.
    remote.see('an', remote.epochOf('an') + 1_000_000)
    remote.see('dung', remote.epochOf('dung') + 1_000_000)
    expect([an.participant.isClosed, dung.participant.isClosed]).toEqual([true, true])
    await east.rooms.join('dung')
    expect([...chi.peer.subscribed]).not.toContain(camera)
    const gone = { state: ParticipantInfo_State.DISCONNECTED, sid: an.participant.id }
    await expect.poll(() => chi.link.told('an'), { timeout: 2_000 }).toMatchObject(gone)
    expect(chi.link.told('dung')?.state).toBe(ParticipantInfo_State.ACTIVE)
  })

  it('has lost its place here as soon as a newer claim is heard of, and elsewhere before long', async () => {
    const { an, binh } = await setUp()
    const epoch = remoteOf(west).epochOf('an') + 1_000_000
    remoteOf(west).see('an', epoch - 1_000_000)
    expect(listed(west)).toEqual(['binh', 'an'])
    remoteOf(west).see('an', epoch)
    remoteOf(east).see('an', epoch)
    expect(an.participant.isClosed).toBe(true)
    expect(an.link.last('leave').reason).toBe(DisconnectReason.DUPLICATE_IDENTITY)
    await expect
      .poll(() => binh.link.told('an')?.state, { timeout: 2_000 })
      .toBe(ParticipantInfo_State.DISCONNECTED)
    // Somebody else may have a higher one.
    expect(remoteOf(west).highestEpoch).toBeGreaterThanOrEqual(epoch)
  })

  it('counts for how many may be in the room, and a return to the own seat is not refused', async () => {
    await east.rooms.registry.createRoom({ name: 'R', maxParticipants: 2 })
    await west.rooms.registry.createRoom({ name: 'R', maxParticipants: 2 })
    await east.rooms.join('an')
    await west.rooms.join('binh')
    await both()
    expect(() => west.rooms.enter('chi')).toThrow('the room is full')
    expect(() => east.rooms.enter('chi')).toThrow('the room is full')
    const again = await west.rooms.join('an')
    expect(again.participant.isClosed).toBe(false)
  })
})
