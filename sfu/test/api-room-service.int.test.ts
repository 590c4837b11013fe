import { DisconnectReason, dispose, TrackSource as NativeTrackSource } from '@livekit/rtc-node'
import {
  AccessToken,
  DataPacket_Kind,
  ParticipantInfo_State,
  RoomServiceClient,
  TrackSource,
  TwirpError,
} from 'livekit-server-sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { RawClient } from './fuzz-support/raw-client.ts'

/** The stock livekit-server-sdk against a live node with native participants: every RoomService method, and the webhooks. */

let sfu: RunningSfu
let api: RoomServiceClient
let peers: NativePeer[] = []

beforeAll(async () => {
  sfu = await startSfu({ workers: 2 })
  api = sfu.roomService()
})
afterEach(async () => {
  await Promise.all(peers.map(peer => peer.leave()))
  peers = []
})
afterAll(async () => {
  await sfu?.stop()
  await dispose()
})

async function join(room: string, identity: string, more: object = {}, options = {}): Promise<NativePeer> {
  const peer = await NativePeer.join(sfu, { room, identity, ...more }, options)
  peers.push(peer)
  return peer
}
const failureOf = async (call: Promise<unknown>): Promise<[number, string | undefined]> => {
  const error: unknown = await call.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TwirpError)
  return [(error as TwirpError).status, (error as TwirpError).code]
}

describe('RoomService', () => {
  it('creates, lists, changes and deletes rooms', async () => {
    const created = await api.createRoom({
      name: 'MT_rooms',
      emptyTimeout: 60,
      departureTimeout: 30,
      maxParticipants: 9,
      metadata: '{"t":1}',
    })
    expect(created).toMatchObject({
      name: 'MT_rooms',
      emptyTimeout: 60,
      departureTimeout: 30,
      maxParticipants: 9,
      metadata: '{"t":1}',
    })
    expect(created.sid).toMatch(/^RM_/)
    const again = await api.createRoom({ name: 'MT_rooms' })
    expect(again.sid).toBe(created.sid)
    await api.createRoom({ name: 'MT_other' })
    expect((await api.listRooms()).map(({ name }) => name).sort()).toEqual(['MT_other', 'MT_rooms'])
    expect((await api.listRooms(['MT_rooms', 'MT_none'])).map(({ sid }) => sid)).toEqual([created.sid])

    const an = await join('MT_rooms', 'an')
    expect((await api.updateRoomMetadata('MT_rooms', '{"t":2}')).metadata).toBe('{"t":2}')
    await eventually(() => (an.room.metadata === '{"t":2}' ? null : `metadata is ${an.room.metadata}`))
    expect((await api.listRooms(['MT_rooms']))[0]).toMatchObject({ numParticipants: 1, metadata: '{"t":2}' })

    await api.deleteRoom('MT_rooms')
    await eventually(() =>
      an.disconnectedBy === DisconnectReason.ROOM_DELETED ? null : `disconnected by ${an.disconnectedBy}`,
    )
    await api.deleteRoom('MT_other')
    expect(await api.listRooms()).toEqual([])
    expect(await failureOf(api.deleteRoom('MT_rooms'))).toEqual([404, 'not_found'])
  })

  it('refuses texts that no database could hold, in every method, and loses nothing by it', async () => {
    const room = 'MT_texts'
    await api.createRoom({ name: room, metadata: 'before' })
    const an = await join(room, 'an', { name: 'Ông An', metadata: 'm', attributes: { hall: '1' } })
    for (const bad of ['a\0b', '\0', 'x\ud800', '\udc00x']) {
      const calls: (() => Promise<unknown>)[] = [
        () => api.createRoom({ name: `MT_${bad}` }),
        () => api.createRoom({ name: 'MT_new', metadata: bad }),
        () => api.updateRoomMetadata(room, bad),
        () => api.updateParticipant(room, 'an', { name: bad }),
        () => api.updateParticipant(room, 'an', { metadata: bad }),
        () => api.updateParticipant(room, 'an', { attributes: { hall: bad } }),
        () => api.updateParticipant(room, 'an', { attributes: { [bad]: '2' } }),
        () => api.removeParticipant(room, bad),
        () => api.sendData(room, new Uint8Array([1]), DataPacket_Kind.RELIABLE, { topic: bad }),
        () => api.listRooms([bad]),
      ]
      // Half a pair is no Unicode text: the decoder refuses it already, as livekit-server's does.
      const code = bad.includes('\0') ? 'invalid_argument' : 'malformed'
      for (const call of calls) expect(await failureOf(call())).toEqual([400, code])
    }
    // The protobuf encoding can carry U+0000, too: field 1 of DeleteRoomRequest, a text of one byte.
    const token = new AccessToken(sfu.apiKey, sfu.apiSecret)
    token.addGrant({ roomCreate: true })
    const answer = await fetch(`${sfu.url}/twirp/livekit.RoomService/DeleteRoom`, {
      method: 'POST',
      headers: { 'content-type': 'application/protobuf', authorization: `Bearer ${await token.toJwt()}` },
      body: new Uint8Array([0x0a, 1, 0]),
    })
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument' },
    })

    expect((await api.listRooms()).find(({ name }) => name === room)).toMatchObject({ metadata: 'before' })
    expect((await api.listRooms()).map(({ name }) => name)).not.toContain('MT_new')
    expect(await api.getParticipant(room, 'an')).toMatchObject({
      name: 'Ông An',
      metadata: 'm',
      attributes: { hall: '1' },
    })
    // Bytes are no text: they may be any.
    await api.sendData(room, new Uint8Array([0, 0xd8, 0]), DataPacket_Kind.RELIABLE, { topic: 't' })
    await eventually(() => (an.room.isConnected ? null : 'the participant was lost'))
    await api.deleteRoom(room)
    await sfu.webhooks.waitFor(({ event, room: about }) => event === 'room_finished' && about?.name === room)
  })

  it('shows participants as their tokens describe them, and hides none from the API', async () => {
    await join('MT_people', 'hall-1', { name: 'Xã Phú Đình', metadata: 'm', attributes: { role: 'chair' } })
    await join('MT_people', 'ghost', { hidden: true })
    const found = await api.getParticipant('MT_people', 'hall-1')
    expect(found).toMatchObject({ name: 'Xã Phú Đình', metadata: 'm', attributes: { role: 'chair' } })
    expect(found.sid).toMatch(/^PA_/)
    expect(Number(found.joinedAtMs)).toBeGreaterThan(Date.now() - 60_000)
    expect((await api.listParticipants('MT_people')).map(({ identity }) => identity).sort()).toEqual([
      'ghost',
      'hall-1',
    ])
    expect(await failureOf(api.getParticipant('MT_people', 'nobody'))).toEqual([404, 'not_found'])
    expect(await api.listParticipants('MT_none')).toEqual([])
  })

  it('removes a participant, who may come again', async () => {
    const an = await join('MT_remove', 'an')
    await api.removeParticipant('MT_remove', 'an')
    await eventually(() =>
      an.disconnectedBy === DisconnectReason.PARTICIPANT_REMOVED
        ? null
        : `disconnected by ${an.disconnectedBy}`,
    )
    expect(await failureOf(api.removeParticipant('MT_remove', 'an'))).toEqual([404, 'not_found'])
    const back = await join('MT_remove', 'an')
    expect(back.room.isConnected).toBe(true)
  })

  it('a second connection is its owner’s: granted, removed and revoked with it, and counted as nobody', async () => {
    const room = 'MT_second'
    const connect = (grants: object, publish = '') =>
      RawClient.join(sfu, { room, identity: 'an', ...grants }, publish === '' ? {} : { publish })
    const an = await connect({ secondConnection: true })
    // What any guest may try: refused before there is a socket, and so is whatever it takes for a name.
    for (const publish of ['z', '%00', 'a#b']) expect((await connect({}, publish)).cases()).toEqual([])
    const second = await connect({ secondConnection: true }, 'z')
    expect(second.all('join')[0]?.participant).toMatchObject({
      identity: 'an#z',
      permission: { canSubscribe: false },
    })
    expect((await api.listRooms([room]))[0]).toMatchObject({ numParticipants: 1 })
    // Ahead of the clock, so that the tokens made below are from before it.
    const before = Math.floor(Date.now() / 1000) + 60
    await api.removeParticipant(room, 'an', { revokeTokenTs: BigInt(before) })
    await second.until(() => second.closed !== undefined && an.closed !== undefined, 'the end of both')
    expect(second.all('leave')[0]).toMatchObject({ reason: DisconnectReason.PARTICIPANT_REMOVED })
    for (const publish of ['', 'z', 'y']) {
      const again = await connect({ secondConnection: true }, publish)
      await again.until(() => again.closed !== undefined, 'the refusal')
      expect(again.cases()).toEqual(['leave'])
    }
  })

  it('mutes a published track for everyone, and does not open a microphone from afar', async () => {
    const an = await join('MT_mute', 'an')
    const binh = await join('MT_mute', 'binh')
    const sid = await an.publishMicrophone()
    await eventually(() => (binh.from('an').loudFrames > 10 ? null : 'nothing is heard'))
    expect(await api.mutePublishedTrack('MT_mute', 'an', sid, true)).toMatchObject({ sid, muted: true })
    await eventually(() => {
      const publication = binh.room.remoteParticipants.get('an')?.trackPublications.get(sid)
      return publication?.muted ? null : 'the others do not know'
    })
    await eventually(async () => {
      // What was under way may still arrive at first.
      const before = binh.from('an').loudFrames
      await new Promise(resolve => setTimeout(resolve, 300))
      return binh.from('an').loudFrames === before ? null : 'it is still heard'
    })
    expect(await failureOf(api.mutePublishedTrack('MT_mute', 'an', sid, false))).toEqual([
      412,
      'failed_precondition',
    ])
    expect(await failureOf(api.mutePublishedTrack('MT_mute', 'an', 'TR_none', true))).toEqual([
      404,
      'not_found',
    ])
  })

  it('changes name, metadata, attributes and permissions of a participant; all hear of it', async () => {
    const an = await join('MT_update', 'an', { attributes: { keep: '1', drop: '1' } })
    const binh = await join('MT_update', 'binh')
    await an.publishCamera()
    await eventually(() => (binh.from('an').videoFrames > 0 ? null : 'no picture'))
    const changed = await api.updateParticipant('MT_update', 'an', {
      name: 'An',
      metadata: 'new',
      attributes: { drop: '', hand: 'up' },
    })
    expect(changed).toMatchObject({ name: 'An', metadata: 'new', attributes: { keep: '1', hand: 'up' } })
    await eventually(() => {
      const seen = binh.room.remoteParticipants.get('an')
      return seen?.name === 'An' && seen.attributes.hand === 'up' && seen.attributes.drop === undefined
        ? null
        : `${seen?.name} ${JSON.stringify(seen?.attributes)}`
    })
    const silenced = await api.updateParticipant('MT_update', 'an', {
      permission: { canPublish: false, canSubscribe: true, canPublishData: true },
    })
    expect(silenced.permission?.canPublish).toBe(false)
    await eventually(() =>
      binh.room.remoteParticipants.get('an')?.trackPublications.size === 0
        ? null
        : 'the track is still there',
    )
    await api.updateParticipant('MT_update', 'an', {
      permission: {
        canPublish: true,
        canPublishSources: [TrackSource.MICROPHONE],
        canSubscribe: true,
        canPublishData: true,
      },
    })
    expect((await api.getParticipant('MT_update', 'an')).permission?.canPublishSources).toEqual([
      TrackSource.MICROPHONE,
    ])
  })

  it('subscribes and unsubscribes on behalf of a participant', async () => {
    const an = await join('MT_subs', 'an')
    const binh = await join('MT_subs', 'binh', {}, { autoSubscribe: false })
    const sid = await an.publishCamera()
    await eventually(async () =>
      (await api.getParticipant('MT_subs', 'an')).tracks.length === 1 ? null : 'no track',
    )
    expect(binh.from('an').videoFrames).toBe(0)
    await api.updateSubscriptions('MT_subs', 'binh', [sid], true)
    await eventually(() => (binh.from('an').videoFrames > 3 ? null : 'no picture'))
    await api.updateSubscriptions('MT_subs', 'binh', [sid], false)
    await eventually(async () => {
      const before = binh.from('an').videoFrames
      await new Promise(resolve => setTimeout(resolve, 300))
      return binh.from('an').videoFrames === before ? null : 'pictures still come'
    })
  })

  it('sends data to all, and to those named', async () => {
    const an = await join('MT_send', 'an')
    const binh = await join('MT_send', 'binh')
    const payload = new TextEncoder().encode('chào cả phòng')
    await api.sendData('MT_send', payload, DataPacket_Kind.RELIABLE, { topic: 'floor' })
    for (const peer of [an, binh])
      await eventually(() => (peer.data.length === 1 ? null : `${peer.data.length} messages`))
    expect(an.data[0]).toEqual({ from: '', text: 'chào cả phòng', topic: 'floor', reliable: true })
    await api.sendData('MT_send', payload, DataPacket_Kind.RELIABLE, { destinationIdentities: ['binh'] })
    const { sid } = await api.getParticipant('MT_send', 'binh')
    await api.sendData('MT_send', payload, DataPacket_Kind.RELIABLE, { destinationSids: [sid] })
    await eventually(() => (binh.data.length === 3 ? null : `${binh.data.length} messages`))
    expect(an.data.length).toBe(1)
  })

  it('refuses other keys and tokens without the grant', async () => {
    const stranger = new RoomServiceClient(sfu.url, 'otherkey', 'other-secret')
    expect(await failureOf(stranger.listRooms())).toEqual([401, 'unauthenticated'])
    const forged = new RoomServiceClient(sfu.url, sfu.apiKey, 'other-secret')
    expect(await failureOf(forged.createRoom({ name: 'MT_x' }))).toEqual([401, 'unauthenticated'])
    const token = new AccessToken(sfu.apiKey, sfu.apiSecret)
    token.addGrant({ roomAdmin: true, room: 'MT_a' })
    const limited = new RoomServiceClient(sfu.url, undefined, undefined, { token: await token.toJwt() })
    expect(await failureOf(limited.listRooms())).toEqual([403, 'permission_denied'])
    expect(await failureOf(limited.listParticipants('MT_b'))).toEqual([403, 'permission_denied'])
    expect(await limited.listParticipants('MT_a')).toEqual([])
    expect(await failureOf(api.moveParticipant('MT_a', 'an', 'MT_b'))).toEqual([404, 'not_found'])
    expect(await failureOf(api.forwardParticipant('MT_a', 'an', 'MT_b'))).toEqual([404, 'not_found'])
  })
})

describe('webhooks', () => {
  it('tell one who only signals apart from one whose media has connected', async () => {
    const room = 'MT_aborted'
    const present = await join(room, 'present')
    // A hall that never connects its media and keeps trying.
    for (let attempt = 0; attempt < 2; attempt++) {
      const absent = await RawClient.join(sfu, { room, identity: 'absent' })
      expect(absent.all('join')[0]?.participant?.identity).toBe('absent')
      absent.request({ case: 'leave', value: {} as never })
      await absent.until(() => absent.closed !== undefined, 'the end')
    }
    const states = (await api.listParticipants(room)).map(({ identity, state }) => [identity, state])
    expect(states).toEqual([['present', ParticipantInfo_State.ACTIVE]])
    await present.leave()
    await sfu.webhooks.waitFor(
      ({ event, room: about }) => event === 'participant_left' && about?.name === room,
    )
    expect(sfu.webhooks.names(room)).toEqual([
      'room_started',
      'participant_joined:present',
      'participant_connection_aborted:absent',
      'participant_connection_aborted:absent',
      'participant_left:present',
    ])
  })

  it('tell a room’s whole story in order, each signed, with an id and its own time', async () => {
    const room = 'MT_story'
    const startedS = Math.floor(Date.now() / 1000)
    const an = await join(room, 'an', { name: 'An' })
    const sid = await an.publishCamera()
    await sfu.webhooks.waitFor(
      ({ event, room: about }) => event === 'track_published' && about?.name === room,
    )
    const binh = await join(room, 'binh')
    await an.room.localParticipant!.unpublishTrack(sid)
    await sfu.webhooks.waitFor(
      ({ event, room: about }) => event === 'track_unpublished' && about?.name === room,
    )
    await an.leave()
    await binh.leave()
    await eventually(async () =>
      (await api.listParticipants(room)).length === 0 ? null : 'somebody is still there',
    )
    await api.deleteRoom(room)
    await sfu.webhooks.waitFor(({ event, room: about }) => event === 'room_finished' && about?.name === room)

    const story = sfu.webhooks.events.filter(event => event.room?.name === room)
    expect(sfu.webhooks.names(room)).toEqual([
      'room_started',
      'participant_joined:an',
      'track_published:an',
      'participant_joined:binh',
      'track_unpublished:an',
      'participant_left:an',
      'participant_left:binh',
      'room_finished',
    ])
    expect(sfu.webhooks.forged).toEqual([])
    expect(new Set(story.map(({ id }) => id)).size).toBe(story.length)
    for (const event of story) {
      expect(event.id).toMatch(/^EV_/)
      expect(Number(event.createdAt)).toBeGreaterThanOrEqual(startedS)
      expect(Number(event.createdAt)).toBeLessThanOrEqual(Date.now() / 1000)
      expect(event.room?.sid).toBe(story[0]?.room?.sid)
    }
    const published = story.find(({ event }) => event === 'track_published')
    expect(published?.track).toMatchObject({ sid, source: NativeTrackSource.SOURCE_CAMERA })
    expect(story[1]?.participant?.name).toBe('An')
    expect(Number(story[1]?.participant?.joinedAtMs)).toBeGreaterThan(startedS * 1000 - 1)
  })
})
