/** Data tracks of one room over two and three nodes. */
import {
  ParticipantPermission,
  PublishDataTrackRequest,
  SubscriptionError,
  SubscriptionPermission,
  SyncState,
  TrackPermission,
  UnpublishDataTrackRequest,
  UpdateDataSubscription,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, settle } from '../../../test/room-support/test-room.ts'
import { parseDataTrackHeader } from './data-track-packet.ts'

let east: TestNode
let west: TestNode
let north: TestNode
let an: Client
let binh: Client
let chi: Client
const all = () => deliver([east, west, north])
/** Also what follows from what was said. */
const calm = async () => {
  await all()
  await all()
}
beforeEach(async () => {
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
  north = new TestNode('ND_north')
  an = await east.rooms.join('an')
  binh = await west.rooms.join('binh')
  chi = await north.rooms.join('chi')
  await all()
})
afterEach(async () => {
  for (const node of [east, west, north]) await node.rooms.registry.close()
})

/** Publishes and returns the sid. */
function publish(client: Client, pubHandle: number, name = `track ${pubHandle}`): string {
  const request = new PublishDataTrackRequest({ pubHandle, name })
  client.room.data.tracks.publish(client.participant, request)
  return client.link.last('publishDataTrackResponse').info?.sid ?? ''
}
const subscribe = (client: Client, trackSid: string, isOn = true) =>
  client.room.data.tracks.updateSubscription(
    client.participant,
    new UpdateDataSubscription({ updates: [{ trackSid, subscribe: isOn }] }),
  )
/** Handle of the track for this client, by what it was last told. */
const handleOf = (client: Client, trackSid: string) =>
  Object.entries(client.link.last('dataTrackSubscriberHandles').subHandles).find(
    ([, { trackSid: sid }]) => sid === trackSid,
  )?.[0]
const packet = (pubHandle: number, text: string) => {
  const bytes = Buffer.concat([Buffer.alloc(12), Buffer.from(text)])
  bytes.writeUInt8(0b1_1000, 0)
  bytes.writeUInt16BE(pubHandle, 2)
  return bytes
}
const send = (client: Client, pubHandle: number, text: string) =>
  client.peer.listener.onData('data_track', packet(pubHandle, text))
const received = (client: Client) =>
  client.peer.sent
    .filter(({ kind }) => kind === 'data_track')
    .map(({ payload }) => ({
      handle: String(parseDataTrackHeader(payload)?.handle),
      text: Buffer.from(payload.subarray(12)).toString(),
    }))
/** To which nodes frames are to go. */
const framesOf = (node: TestNode) =>
  node.outbox.flatMap(({ word }) => ('frame' in word ? [[...word.nodes].toSorted()] : []))

describe('a data track of a member on another node', () => {
  it('is in the list there, and its frames go once to each node where somebody receives it', async () => {
    const sid = publish(an, 7, 'gps')
    await all()
    expect(binh.link.told('an')).toMatchObject({ dataTracks: [{ sid, name: 'gps' }], isPublisher: true })
    send(an, 7, 'nobody')
    await settle()
    expect(framesOf(east)).toEqual([])
    const dung = await west.rooms.join('dung')
    await all()
    subscribe(binh, sid)
    subscribe(dung, sid)
    await all()
    send(an, 7, 'first')
    await settle()
    expect(framesOf(east)).toEqual([['ND_west']])
    await all()
    expect(received(binh)).toEqual([{ handle: handleOf(binh, sid), text: 'first' }])
    expect(received(dung)).toEqual([{ handle: handleOf(dung, sid), text: 'first' }])
    expect(received(chi)).toEqual([])
    expect(
      binh.link.last('dataTrackSubscriberHandles').subHandles[Number(handleOf(binh, sid))],
    ).toMatchObject({
      publisherIdentity: 'an',
      publisherSid: an.participant.id,
    })
    subscribe(chi, sid)
    await all()
    send(an, 7, 'second')
    await settle()
    expect(framesOf(east)).toEqual([['ND_north', 'ND_west']])
    await all()
    expect(received(chi).map(({ text }) => text)).toEqual(['second'])
  })

  it('is sent no more to a node where the last has given it up, or left, and to nobody who may not have it', async () => {
    const sid = publish(an, 1)
    await all()
    const dung = await west.rooms.join('dung')
    subscribe(binh, sid)
    subscribe(dung, sid)
    await all()
    subscribe(binh, sid, false)
    await all()
    send(an, 1, 'one left')
    await settle()
    expect(framesOf(east)).toEqual([['ND_west']])
    await all()
    expect(received(binh)).toEqual([])
    dung.room.leave(dung.participant, 'client_left')
    await all()
    send(an, 1, 'nobody')
    await settle()
    expect(framesOf(east)).toEqual([])
    subscribe(binh, sid)
    await all()
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({
        trackPermissions: [new TrackPermission({ participantIdentity: 'chi', allTracks: true })],
      }),
    )
    await calm()
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: sid, allowed: false })
    expect(handleOf(binh, sid)).toBeUndefined()
    send(an, 1, 'for chi only')
    await settle()
    expect(framesOf(east)).toEqual([])
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({ allParticipants: true }),
    )
    await calm()
    expect(binh.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: sid, allowed: true })
    send(an, 1, 'for all')
    await all()
    expect(received(binh).map(({ text }) => text)).toEqual(['for all'])
    binh.room.changes.permission(binh.participant, new ParticipantPermission({ canPublish: true }))
    await all()
    send(an, 1, 'he may receive nothing')
    await settle()
    expect(framesOf(east)).toEqual([])
  })

  it('ends with its unpublishing, and with its publisher, after the list says so', async () => {
    const [first, second] = [publish(an, 1), publish(an, 2)]
    await all()
    subscribe(binh, first)
    subscribe(binh, second)
    await all()
    const request = new UnpublishDataTrackRequest({ pubHandle: 1 })
    an.room.data.tracks.unpublish(an.participant, request)
    await all()
    expect(binh.link.told('an')?.dataTracks.map(({ sid }) => sid)).toEqual([second])
    expect(binh.link.cases().slice(-2)).toEqual(['update', 'dataTrackSubscriberHandles'])
    expect([handleOf(binh, first), handleOf(binh, second) !== undefined]).toEqual([undefined, true])
    subscribe(binh, first)
    expect(binh.link.last('subscriptionResponse')).toMatchObject({ err: SubscriptionError.SE_TRACK_NOTFOUND })
    an.room.leave(an.participant, 'client_left')
    await all()
    expect(binh.link.last('dataTrackSubscriberHandles').subHandles).toEqual({})
  })

  it('goes by itself to those who want all, whether they or the track come first', async () => {
    const query = { autoSubscribeDataTrack: true }
    const eager = await west.rooms.join('eager', { query })
    await all()
    const sid = publish(an, 3)
    await calm()
    // The news of the track goes first: clients drop handles of a track they have not heard of.
    expect(eager.link.cases().slice(-2)).toEqual(['update', 'dataTrackSubscriberHandles'])
    const late = await north.rooms.join('late', { query })
    await calm()
    send(an, 3, 'x')
    await all()
    for (const client of [eager, late])
      expect(received(client)).toEqual([{ handle: handleOf(client, sid), text: 'x' }])
  })

  it('has a handle of this node, which no track that is published here shares', async () => {
    const theirs = publish(an, 1)
    await all()
    const ours = publish(binh, 1)
    const dung = await west.rooms.join('dung')
    await all()
    subscribe(dung, theirs)
    subscribe(dung, ours)
    await all()
    expect(handleOf(dung, theirs)).not.toBe(handleOf(dung, ours))
    send(an, 1, 'theirs')
    send(binh, 1, 'ours')
    await all()
    expect(received(dung).toSorted((a, b) => a.text.localeCompare(b.text))).toEqual([
      { handle: handleOf(dung, ours), text: 'ours' },
      { handle: handleOf(dung, theirs), text: 'theirs' },
    ])
    // A resume tells the handles of both again.
    dung.room.data.tracks.sync(dung.participant, new SyncState())
    expect(Object.keys(dung.link.last('dataTrackSubscriberHandles').subHandles)).toHaveLength(2)
  })
})

describe('what is wanted on other nodes', () => {
  it('is said again with all that a node says, and only its newest word counts', async () => {
    const sid = publish(an, 1)
    await all()
    subscribe(binh, sid)
    await settle()
    // The wish is lost with the link.
    const [old] = west.outbox.splice(0)
    west.sayAll(east, 'R')
    send(an, 1, 'x')
    await settle()
    expect(framesOf(east)).toEqual([['ND_west']])
    const full = west.shared.get('R')!.nodes.full()
    subscribe(binh, sid, false)
    await all()
    // Both are older than what was said since.
    for (const part of full) east.shared.get('R')!.nodes.takeFull(west.id, part)
    west.outbox.push(old!)
    await all()
    east.outbox.splice(0)
    send(an, 1, 'y')
    await settle()
    expect(framesOf(east)).toEqual([])
  })

  it.each(['buried', 'left'] as const)('is forgotten with a node that is %s', async how => {
    const sid = publish(an, 1)
    await all()
    subscribe(binh, sid)
    await all()
    east.shared.get('R')!.nodes.gone(west.id, how)
    send(an, 1, 'x')
    await settle()
    expect(framesOf(east)).toEqual([])
    if (how === 'buried') west.sayAll(east, 'R')
    send(an, 1, 'y')
    await settle()
    expect(framesOf(east)).toEqual([])
  })

  it('is nothing, and no frame passes, when what came cannot be read or is of another node’s track', async () => {
    const sid = publish(an, 1)
    await all()
    subscribe(binh, sid)
    await all()
    const { nodes } = west.shared.get('R')!
    send(an, 1, 'x')
    await settle()
    const frame = east.outbox.flatMap(({ word }) => ('frame' in word ? [word.frame] : []))[0]!
    east.outbox.splice(0)
    nodes.takeDataTrack(north.id, frame)
    nodes.takeDataTrack(east.id, frame.subarray(0, 20))
    nodes.takeDataTrack(east.id, new Uint8Array(0))
    expect(received(binh)).toEqual([])
    nodes.takeDataTrack(east.id, frame)
    expect(received(binh)).toHaveLength(1)
    expect(() => nodes.takeDataTrackWant(east.id, { trackSid: 7 })).toThrow('cannot be read')
    nodes.takeDataTrackWant(east.id, { trackSid: 'DTR_none', order: 1, isWanted: true })
    nodes.takeDataTrackWant(north.id, { trackSid: sid, order: 1, isWanted: true })
    send(an, 1, 'y')
    await settle()
    expect(framesOf(west)).toEqual([])
  })
})

describe('a data track whose node is not heard for a while', () => {
  it('comes on, without being asked for again, to those who had asked for it', async () => {
    const sid = publish(an, 1)
    await calm()
    subscribe(binh, sid)
    await calm()
    send(an, 1, 'before')
    await calm()
    west.shared.get('R')!.nodes.gone(east.id, 'unheard')
    await settle()
    expect(handleOf(binh, sid)).toBeUndefined()
    east.sayAll(west, 'R')
    await calm()
    send(an, 1, 'after')
    await calm()
    expect(received(binh)).toMatchObject([{ text: 'before' }, { handle: handleOf(binh, sid), text: 'after' }])
    // Nobody else gets it.
    expect(received(chi)).toEqual([])
  })

  it('is not remembered once its publisher has left', async () => {
    const sid = publish(an, 1)
    await calm()
    subscribe(binh, sid)
    await calm()
    const { nodes } = west.shared.get('R')!
    nodes.gone(east.id, 'unheard')
    nodes.gone(east.id, 'left')
    east.sayAll(west, 'R')
    await calm()
    send(an, 1, 'after')
    await calm()
    expect(received(binh)).toEqual([])
  })
})
