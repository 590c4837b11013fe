/** Rooms from their beginning to their end, and what webhooks tell of them. */
import { DisconnectReason } from '@livekit/rtc-node'
import type { WebhookEvent } from 'livekit-server-sdk'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { Ground } from '../ground.ts'

/**
 * Waits for the end of the room; its events in the order in which they came. `mayRepeat`: after the loss of the node that delivers them an
 * event may come again, under the same id; its repeats are left out.
 */
export async function wholeStory(
  ground: Ground,
  room: string,
  { mayRepeat = false } = {},
): Promise<WebhookEvent[]> {
  await ground.webhooks.waitFor(
    ({ event, room: about }) => event === 'room_finished' && about?.name === room,
    30_000,
  )
  const told = ground.webhooks.events.filter(({ room: about }) => about?.name === room)
  const story = [...new Map(told.map(event => [event.id, event])).values()]
  expect(ground.webhooks.forged).toEqual([])
  if (!mayRepeat) expect(story.length).toBe(told.length)
  expect(new Set(story.map(({ room: about }) => about?.sid)).size).toBe(1)
  expect(story[0]?.event).toBe('room_started')
  expect(story.at(-1)?.event).toBe('room_finished')
  // Who was replaced before its media had connected was never there.
  for (const [sid, stay] of staysOf(story))
    if (stay.join() !== 'participant_connection_aborted')
      expect(stay, sid).toEqual(['participant_joined', 'participant_left'])
  return story
}

/** What is told of each participant's coming and going, by sid. */
function staysOf(story: WebhookEvent[]): Map<string, string[]> {
  const stays = new Map<string, string[]>()
  for (const { event, participant } of story)
    if (participant && event.startsWith('participant_'))
      stays.set(participant.sid, [...(stays.get(participant.sid) ?? []), event])
  return stays
}

const namesOf = (story: WebhookEvent[]) =>
  story.map(({ event, participant }) => (participant ? `${event}:${participant.identity}` : event))

export function stories(ground: () => Ground): void {
  it('a room is made once however many nodes are asked at once, is the same at all, and ends at all', async () => {
    const room = ground().newRoom()
    const options = {
      name: room,
      emptyTimeout: 60,
      departureTimeout: 30,
      maxParticipants: 9,
      metadata: '{"t":1}',
    }
    const made = await ground().everywhere(api => api.createRoom(options))
    expect(new Set(made.map(({ sid }) => sid)).size).toBe(1)
    for (const shown of [...made, ...(await ground().everywhere(api => api.listRooms([room]))).flat()])
      expect(shown).toMatchObject({ ...options, sid: made[0]!.sid })
    const peers = await Promise.all(['an', 'binh', 'chi'].map(identity => ground().join(room, identity)))
    for (const [found] of await ground().everywhere(api => api.listRooms([room])))
      expect(found).toMatchObject({ numParticipants: 3, sid: made[0]!.sid })
    await ground().api(1).deleteRoom(room)
    for (const peer of peers)
      await eventually(() =>
        peer.disconnectedBy === DisconnectReason.ROOM_DELETED
          ? null
          : `disconnected by ${peer.disconnectedBy}`,
      )
    expect((await ground().everywhere(api => api.listRooms([room]))).flat()).toEqual([])
    for (let at = 0; at < ground().nodes.length; at++)
      await expect(ground().api(at).deleteRoom(room)).rejects.toMatchObject({
        status: 404,
        code: 'not_found',
      })
    const story = namesOf(await wholeStory(ground(), room))
    for (const identity of ['an', 'binh', 'chi'])
      expect(story.filter(name => name.endsWith(`:${identity}`))).toEqual([
        `participant_joined:${identity}`,
        `participant_left:${identity}`,
      ])
    // The name is free again: another room.
    const again = await ground().api(2).createRoom({ name: room })
    expect(again.sid).not.toBe(made[0]!.sid)
    await ground().api(0).deleteRoom(room)
  })

  it('webhooks tell of a room’s people and tracks once and in order, whichever nodes they were at', async () => {
    const room = ground().newRoom()
    const told = (event: string) =>
      ground().webhooks.waitFor(
        ({ event: name, room: about }) => name === event && about?.name === room,
        30_000,
      )
    const startedS = Math.floor(Date.now() / 1000)
    const an = await ground().join(room, 'an', { name: 'An' })
    const camera = await an.publishCamera()
    await told('track_published')
    const binh = await ground().join(room, 'binh')
    await eventually(() => (ground().webhooks.names(room).length === 4 ? null : 'binh is not told of'))
    await an.unpublish(camera)
    await told('track_unpublished')
    await an.leave()
    await told('participant_left')
    await binh.leave()
    await ground().expectListed(room, [])
    await ground().api(2).deleteRoom(room)
    const story = await wholeStory(ground(), room)
    expect(namesOf(story)).toEqual([
      'room_started',
      'participant_joined:an',
      'track_published:an',
      'participant_joined:binh',
      'track_unpublished:an',
      'participant_left:an',
      'participant_left:binh',
      'room_finished',
    ])
    for (const event of story) {
      expect(event.id).not.toBe('')
      expect(Number(event.createdAt)).toBeGreaterThanOrEqual(startedS)
      expect(Number(event.createdAt)).toBeLessThanOrEqual(Date.now() / 1000)
    }
    expect(story[2]?.track).toMatchObject({ sid: camera })
    expect(story[1]?.participant).toMatchObject({ name: 'An', sid: story[5]?.participant?.sid })
  })

  it('several who come, come again by another node, and leave: lists are right, and each is told of once', async () => {
    const room = ground().newRoom()
    const identities = ['p0', 'p1', 'p2']
    const stayed = await Promise.all(
      identities.map(async (identity, n) => {
        for (let round = n; ; round++) {
          const first = await ground().join(room, identity, {}, { at: round })
          const second = await ground().join(room, identity, {}, { at: round + 1 })
          await eventually(() => (first.room.isConnected ? 'not replaced' : null))
          if (round === n + 2) return second
          await second.leave()
        }
      }),
    )
    const lists = await ground().expectListed(room, identities)
    const sids = stayed.map(peer => peer.room.localParticipant?.sid).sort()
    for (const list of lists) expect(list.map(({ sid }) => sid).sort()).toEqual(sids)
    for (const peer of stayed)
      await eventually(() => {
        const seen = [...peer.room.remoteParticipants.values()].map(({ sid }) => sid)
        return seen.length === 2 && seen.every(sid => sids.includes(sid))
          ? null
          : `${seen.length} others are seen`
      })
    await ground().reset()
    await ground().expectListed(room, [])
    await ground().api(1).deleteRoom(room)
    const story = await wholeStory(ground(), room)
    const came = story
      .filter(({ event }) => event === 'participant_joined')
      .map(({ participant }) => participant?.sid)
    expect(came).toEqual(expect.arrayContaining(sids))
  })

  it('a room ends some time after the last of all nodes has left, and one where nobody came by its own time', async () => {
    const [left, empty] = [ground().newRoom(), ground().newRoom()]
    await ground().api(0).createRoom({ name: left, emptyTimeout: 60, departureTimeout: 2 })
    await ground().api(1).createRoom({ name: empty, emptyTimeout: 2, departureTimeout: 60 })
    const [an, binh] = [await ground().join(left, 'an'), await ground().join(left, 'binh')]
    await an.leave()
    // Who is alone at another node keeps it open.
    await ground().webhooks.waitFor(
      ({ event, room }) => event === 'room_finished' && room?.name === empty,
      30_000,
    )
    await ground().expectListed(left, ['binh'])
    expect(binh.room.isConnected).toBe(true)
    await binh.leave()
    const names = namesOf(await wholeStory(ground(), left))
    expect(names.slice(-2)).toEqual(['participant_left:binh', 'room_finished'])
    // Who has joined is told once his media is there, which is not in the order of the joins.
    expect(names[0]).toBe('room_started')
    expect(names.slice(1, -1).filter(name => name.endsWith(':an'))).toEqual([
      'participant_joined:an',
      'participant_left:an',
    ])
    expect(names.slice(1, -1).filter(name => name.endsWith(':binh'))).toEqual([
      'participant_joined:binh',
      'participant_left:binh',
    ])
    expect(names).toHaveLength(6)
    expect(namesOf(await wholeStory(ground(), empty))).toEqual(['room_started', 'room_finished'])
    expect((await ground().everywhere(api => api.listRooms([left, empty]))).flat()).toEqual([])
  })
}
