/** Who is heard, and how well it goes, in one room over two nodes: on fake media, with links in memory. */
import { ConnectionQuality, ParticipantPermission } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, publish, settle } from '../../../test/room-support/test-room.ts'

let east: TestNode
let west: TestNode
let an: Client
let binh: Client
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
  an = await east.rooms.join('an')
  await publish(an, 'cam')
  binh = await west.rooms.join('binh')
  await both()
})
afterEach(async () => {
  await east.rooms.registry.close()
  await west.rooms.registry.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const both = () => deliver([east, west])
const pass = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  await both()
}
const hears = (node: TestNode, ...audible: [Client, number][]) =>
  node.rooms.roomMedia().listener.onSpeakers(
    audible.map(([{ participant }, level]) => ({
      participantId: participant.id,
      trackId: 'TR_x' as never,
      level,
    })),
  )
/** Who a client takes to be speaking. */
const speakersOf = (client: Client) => {
  const now = new Map<string, number>()
  for (const { speakers } of client.link.all('speakersChanged'))
    for (const { sid, level, active } of speakers) {
      if (active) now.set(sid, level)
      else now.delete(sid)
    }
  return [...now.keys()].map(sid =>
    sid === an.participant.id ? 'an' : sid === binh.participant.id ? 'binh' : sid,
  )
}

describe('who is heard', () => {
  it('is told on every node, whoever is heard beside', async () => {
    hears(east, [an, 0.5])
    await both()
    expect([speakersOf(an), speakersOf(binh)]).toEqual([['an'], ['an']])
    hears(west, [binh, 0.8])
    await both()
    await pass(250)
    expect(speakersOf(an).toSorted()).toEqual(['an', 'binh'])
    expect(speakersOf(binh).toSorted()).toEqual(['an', 'binh'])
    hears(east)
    await both()
    await pass(250)
    expect([speakersOf(an), speakersOf(binh)]).toEqual([['binh'], ['binh']])
  })

  it('is told at once, and then at most four times a second, however many nodes say something new', async () => {
    const nodes = Array.from({ length: 10 }, (_, index) => `ND_${index}`)
    const before = binh.link.all('speakersChanged').length
    for (let times = 1; times <= 20; times++) {
      for (const [index, node] of nodes.entries()) {
        const level = ((times + index) % 8) / 8
        west.shared.get('R')!.speakers.hearNode(node, [{ participantId: an.participant.id, level }])
        if (times === 1 && index === 1) expect(binh.link.all('speakersChanged').length).toBe(before + 1)
      }
      await pass(100)
    }
    expect(binh.link.all('speakersChanged').length - before).toBeGreaterThanOrEqual(2)
    expect(binh.link.all('speakersChanged').length - before).toBeLessThanOrEqual(9)
    // The last word is not lost.
    for (const node of nodes) west.shared.get('R')!.speakers.hearNode(node, [])
    await pass(250)
    expect(speakersOf(binh)).toEqual([])
  })

  it('is believed for two seconds of a node that is not heard any more', async () => {
    hears(east, [an, 0.5])
    await both()
    await pass(1_900)
    expect(speakersOf(binh)).toEqual(['an'])
    hears(east, [an, 0.5])
    await both()
    await pass(1_900)
    expect(speakersOf(binh)).toEqual(['an'])
    await pass(200)
    expect(speakersOf(binh)).toEqual([])
    expect(speakersOf(an)).toEqual(['an'])
  })

  it('is nobody who is hidden, or not here yet', async () => {
    const quiet = await east.rooms.join('quiet')
    const hidden = new ParticipantPermission({ canSubscribe: true, hidden: true })
    quiet.room.changes.permission(quiet.participant, hidden)
    await both()
    hears(east, [quiet, 1])
    west.shared.get('R')!.speakers.hearNode('ND_east', [{ participantId: 'PA_nobody' as never, level: 1 }])
    await both()
    expect([speakersOf(an), speakersOf(binh)]).toEqual([[], []])
    hears(east)
    await both()
  })
})

describe('how well somebody’s media goes', () => {
  it('is told on every node once it changes, and to who comes later', async () => {
    an.peer.score = 2
    await pass(60_000)
    const toldTo = (client: Client) =>
      client.link
        .all('connectionQuality')
        .flatMap(({ updates }) => updates)
        .filter(({ participantSid }) => participantSid === an.participant.id)
        .map(({ quality }) => quality)
    expect(toldTo(binh)).toEqual(toldTo(an))
    expect(toldTo(binh).at(-1)).toBe(ConnectionQuality.POOR)
    const chi = await west.rooms.join('chi')
    await settle()
    expect(toldTo(chi)).toEqual([ConnectionQuality.POOR])
    await both()
  })

  it('is told at once, and then in one message of all whom another node speaks of within a second', async () => {
    const members = [an]
    for (let number = 0; number < 20; number++) {
      const member = await east.rooms.join(`hall-${number}`)
      await publish(member, 'cam')
      members.push(member)
    }
    await both()
    await pass(2_000)
    const before = binh.link.all('connectionQuality').length
    for (const { participant } of members)
      west.shared
        .get('R')!
        .qualities([{ participantId: participant.id, quality: ConnectionQuality.POOR, score: 1 }])
    await pass(1_000)
    const told = binh.link.all('connectionQuality').slice(before)
    expect(told.map(({ updates }) => updates.length)).toEqual([1, 20])
  })
})
