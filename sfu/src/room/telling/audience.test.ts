/** What people who may not publish cost one another and the node, and that nobody who may publish misses anybody for it. */
import {
  ParticipantInfo,
  ParticipantInfo_State,
  ParticipantPermission,
  PublishDataTrackRequest,
} from '@livekit/protocol'
import { describe, expect, it, vi } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, publish, settle, useTimedRooms } from '../../../test/room-support/test-room.ts'
import { defaultJoinQuery } from '../base/claims.ts'
import { defaultLimits } from '../base/limits.ts'

const { rooms, wait } = useTimedRooms({ promptUpdatesUpTo: 3, audienceFrom: 3 })
const viewer = { video: { canPublish: false, canPublishData: true } }
const mayPublish = (canPublish: boolean) =>
  new ParticipantPermission({ canPublish, canSubscribe: true, canPublishData: canPublish })
const leave = (client: Client) => client.room.leave(client.participant, 'client_left')

/** Whom this client knows of now, by all it was told. */
function known({ link, participant }: Client): string[] {
  const infos = new Map(link.last('join').otherParticipants.map(info => [info.identity, info.state]))
  for (const { participants } of link.all('update'))
    for (const { identity, state } of participants) infos.set(identity, state)
  return [...infos]
    .filter(
      ([identity, state]) =>
        state !== ParticipantInfo_State.DISCONNECTED && identity !== participant.identity,
    )
    .map(([identity]) => identity)
    .sort()
}
async function joinAll(...identities: string[]): Promise<Client[]> {
  const clients: Client[] = []
  for (const identity of identities) clients.push(await rooms.join(identity, viewer))
  return clients
}

describe('a viewer in an audience', () => {
  it('is told of those who publish or may, of no other viewer, and of the number of all', async () => {
    const hall = await rooms.join('hall')
    await joinAll('v1', 'v2', 'v3')
    const [late, later] = (await joinAll('late', 'later')) as [Client, Client]
    await wait(100)
    expect(known(late)).toEqual(['hall'])
    expect(late.link.last('roomUpdate').room).toMatchObject({ numParticipants: 6 })
    await publish(hall, 'cam')
    expect(late.link.told('hall')?.tracks).toHaveLength(1)
    await rooms.join('chair')
    await wait(100)
    expect(known(later)).toEqual(['chair', 'hall'])
    expect(rooms.registry.listParticipants('R')).toHaveLength(7)
  })

  it('stays one when others leave, so that its list is never a part of the truth', async () => {
    const clients = await joinAll('v1', 'v2', 'v3', 'v4', 'v5')
    for (const client of clients.slice(0, 4)) leave(client)
    await joinAll('v6')
    await wait(100)
    expect(known(clients[4]!)).toEqual([])
    expect(clients[4]!.link.last('roomUpdate').room?.numParticipants).toBe(2)
  })

  it('is told, when it comes back, of no viewer who has left meanwhile', async () => {
    const hall = await rooms.join('hall')
    const [, , , , v5, v6] = (await joinAll('v1', 'v2', 'v3', 'v4', 'v5', 'v6')) as Client[]
    leave(v5!)
    leave(hall)
    await wait(100)
    v6!.link.messages.length = 0
    v6!.room.resume('v6', v6!.participant.id, v6!.link, '')
    const told = v6!.link.all('update').flatMap(({ participants }) => participants)
    // Itself, who has left of those it knew, and who was there before the audience: they are told to all, as is their end.
    expect(told.map(({ identity }) => identity)).toEqual(['hall', 'v6', 'v1', 'v2'])
  })
})

describe('who may publish', () => {
  it('sees everybody: from the join, from the grant, from its first data track on, and also after others have left', async () => {
    const hall = await rooms.join('hall')
    const clients = await joinAll('v1', 'v2', 'v3', 'v4', 'v5', 'v6')
    const [v5, v6] = clients.slice(4) as [Client, Client]
    await wait(100)
    expect(known(hall)).toEqual(['v1', 'v2', 'v3', 'v4', 'v5', 'v6'])
    for (const client of clients.slice(0, 4)) leave(client)
    await wait(100)
    v5.room.changes.permission(v5.participant, mayPublish(true))
    expect(known(v5)).toEqual(['hall', 'v6'])
    expect(known(v6)).toEqual(['hall', 'v5'])
    v6.room.data.tracks.publish(v6.participant, new PublishDataTrackRequest({ pubHandle: 1, name: 'floor' }))
    expect(known(v6)).toEqual(['hall', 'v5'])
    const [v7] = await joinAll('v7', 'v8')
    await wait(100)
    for (const client of [hall, v5, v6]) expect(known(client)).toEqual(expect.arrayContaining(['v7', 'v8']))
    expect(known(v7!)).toEqual(['hall', 'v5', 'v6'])
  })

  it('and loses that right is known until it leaves, and its own list stays right', async () => {
    const clients = await joinAll('v1', 'v2', 'v3', 'v4', 'v5')
    const [, , , v4, v5] = clients as Client[]
    v5!.room.changes.permission(v5!.participant, mayPublish(true))
    v5!.room.changes.permission(v5!.participant, mayPublish(false))
    expect(known(v4!)).toContain('v5')
    const [v6] = await joinAll('v6')
    await wait(100)
    expect(known(v5!)).toContain('v6')
    leave(v5!)
    leave(v6!)
    await wait(100)
    expect(known(v4!)).toEqual([])
  })

  it.each([{ roomAdmin: true }, { roomList: true }, { agent: true }])(
    'or has %o, sees everybody',
    async grant => {
      await joinAll('v1', 'v2', 'v3', 'v4')
      const lister = await rooms.join('lister', { video: { canPublish: false, ...grant } })
      await joinAll('v5')
      await wait(100)
      expect(known(lister)).toEqual(['v1', 'v2', 'v3', 'v4', 'v5'])
    },
  )
})

/** The first byte of each message, all of whose fields are length-delimited, says its field in SignalResponse. */
const FIELD = { join: 1, update: 5, roomUpdate: 11 }

/** Frames by field, and how many different encodings there were among them, whoever they went to. */
class Frames {
  readonly #counts = new Map<number, number>()
  readonly #encodings = new Map<number, Set<Uint8Array>>()
  readonly link = {
    send: (message: Uint8Array) => {
      const field = message[0]! >> 3
      this.#counts.set(field, this.sent(field) + 1)
      const encodings = this.#encodings.get(field) ?? new Set()
      this.#encodings.set(field, encodings.add(message))
    },
    close: () => {},
  }
  sent(field: number): number {
    return this.#counts.get(field) ?? 0
  }
  encoded(field: number): number {
    return this.#encodings.get(field)?.size ?? 0
  }
}

describe('a storm of joins', () => {
  it('of 1,000 people in ten seconds, one in five of whom may publish, takes update frames of at most 1 % of their square, each encoded once for all', async () => {
    const { observerUpdateMs, roomUpdateMs, promptUpdatesUpTo, audienceFrom } = defaultLimits
    rooms.renew({ observerUpdateMs, roomUpdateMs, promptUpdatesUpTo, audienceFrom })
    const frames = new Frames()
    const infos = vi.spyOn(ParticipantInfo.prototype, 'toBinary')
    for (let number = 0; number < 1_000; number += 50) {
      const joined = Array.from({ length: 50 }, (_, index) => {
        const claims = rooms.claims(`p${number + index}`, { canPublish: index % 5 === 0 })
        return rooms.registry.join(claims, defaultJoinQuery, frames.link).participant
      })
      await settle()
      for (const { id } of joined) rooms.media.peer(id).listener.onConnected('subscriber')
      await wait(500)
    }
    await wait(5_000)
    expect(frames.sent(FIELD.join)).toBe(1_000)
    expect(frames.sent(FIELD.update)).toBeGreaterThan(1_000)
    expect(frames.sent(FIELD.update)).toBeLessThanOrEqual(0.01 * 1_000 ** 2)
    // Two for each who came while all were told of each at once, joined and active; after that two a batch: for those who see all, and for the others.
    expect(frames.encoded(FIELD.update)).toBeLessThanOrEqual(2 * promptUpdatesUpTo + 2 * 12)
    expect(frames.sent(FIELD.roomUpdate)).toBeGreaterThan(1_000)
    expect(frames.encoded(FIELD.roomUpdate)).toBeLessThanOrEqual(8)
    // Joined and active, whoever is told, itself too: the replies to joins are put together from infos that are encoded once.
    expect(infos.mock.calls.length).toBeLessThanOrEqual(2 * 1_000)
    infos.mockRestore()
  }, 180_000)
})

describe('an audience over two nodes', () => {
  it('is one: its viewers hear of nobody but those who may publish, who hear of everybody', async () => {
    const [east, west] = [new TestNode('ND_east'), new TestNode('ND_west')]
    const both = [east, west]
    for (const node of both)
      node.rooms.renew({ promptUpdatesUpTo: 2, audienceFrom: 1 }, { peers: node.peers })
    const hall = await east.rooms.join('hall')
    const here = [await east.rooms.join('e1', viewer), await east.rooms.join('e2', viewer)]
    await deliver(both)
    const there: Client[] = [await west.rooms.join('w1', viewer)]
    east.sayAll(west, 'R')
    await deliver(both)
    for (const identity of ['w2', 'w3']) there.push(await west.rooms.join(identity, viewer))
    here.push(await east.rooms.join('e3', viewer))
    await deliver(both)
    await wait(100)
    const [, w2, w3] = there as [Client, Client, Client]
    const e3 = here[2]!
    expect(known(w2)).toEqual(['hall'])
    expect(known(e3)).toEqual(['hall'])
    expect(known(hall)).toEqual(['e1', 'e2', 'e3', 'w1', 'w2', 'w3'])
    for (const client of [hall, e3, w3]) expect(client.link.last('roomUpdate').room?.numParticipants).toBe(7)
    // The right to publish, given at one node, tells all of both.
    w2.room.changes.permission(w2.participant, mayPublish(true))
    await deliver(both)
    expect(known(w2)).toEqual(['e1', 'e2', 'e3', 'hall', 'w1', 'w3'])
    expect(known(e3)).toEqual(['hall', 'w2'])
    expect(known(w3)).toEqual(['hall', 'w2'])
    w2.room.changes.permission(w2.participant, mayPublish(false))
    leave(e3)
    leave(w2)
    await deliver(both)
    await wait(100)
    expect(known(hall)).toEqual(['e1', 'e2', 'w1', 'w3'])
    expect(known(w3)).toEqual(['hall'])
    for (const node of both) await node.rooms.registry.close()
  })
})
