/** RoomService.UpdateSubscriptions through the API, on a room with fake media. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { publish, settle, TestRooms } from '../../../test/room-support/test-room.ts'
import { createRoomService } from '../../api/room-service.ts'
import { createTwirpHandler } from '../../api/twirp-handler.ts'

let rooms: TestRooms
beforeEach(() => {
  rooms = new TestRooms()
})
afterEach(() => rooms.registry.close())

async function updateSubscriptions(body: object): Promise<number> {
  const handle = createTwirpHandler({
    roomService: createRoomService(rooms.registry),
    egress: () => Promise.reject(new Error('not asked here')),
    verify: async () => rooms.claims('', { roomAdmin: true, room: 'R' }),
    onInternalError: () => {},
  })
  const answer = await handle({
    route: 'livekit.RoomService/UpdateSubscriptions',
    httpMethod: 'POST',
    contentType: 'application/json',
    authorization: 'Bearer x',
    body: new TextEncoder().encode(JSON.stringify({ room: 'R', identity: 'binh', ...body })),
  })
  await settle()
  return answer.status
}

it('takes tracks by their sid, by participant, or both', async () => {
  const an = await rooms.join('an')
  const [camera, screen] = [await publish(an, 'cam'), await publish(an, 'screen')]
  const binh = await rooms.join('binh', { query: { autoSubscribe: false } })
  const participantTracks = [{ participantSid: an.participant.id, trackSids: [camera] }]
  expect(await updateSubscriptions({ participantTracks, subscribe: true })).toBe(200)
  expect([...binh.peer.subscribed]).toEqual([camera])
  expect(await updateSubscriptions({ trackSids: [camera, screen], participantTracks, subscribe: true })).toBe(
    200,
  )
  expect([...binh.peer.subscribed].toSorted()).toEqual([camera, screen].toSorted())
  expect(await updateSubscriptions({ participantTracks, subscribe: false })).toBe(200)
  expect([...binh.peer.subscribed]).toEqual([screen])
  const gone = [{ participantSid: '', trackSids: ['TR_gone'] }]
  expect(await updateSubscriptions({ participantTracks: gone, subscribe: true })).toBe(404)
})
