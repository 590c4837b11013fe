/** What becomes of a node that is cut off, by real gates on its ways: from Redis alone, and from everything. Between nodes alone: cluster-links. */
import { DisconnectReason, LeaveRequest_Action } from '@livekit/protocol'
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { NativePeer } from '../../testing/native-peer.ts'
import {
  BACK_LIMIT_MS,
  breaksOf,
  changesSeenBy,
  FaultGround,
  loggedSince,
  sidAt,
} from './cluster-support/fault-ground.ts'
import {
  type GatedProcesses,
  noGatedProcesses,
  openGatedProcesses,
} from './cluster-support/gated-processes.ts'
import type { Ground } from './cluster-support/ground.ts'
import { expectHeardLoud, expectSeen } from './cluster-support/scenarios/media.ts'
import { wholeStory } from './cluster-support/scenarios/stories.ts'
import { RawClient } from './fuzz-support/raw-client.ts'

/** Longer than a node waits that hears nobody, and than others do until they bury it. */
const CUT_MS = 12_000
/** The node that is cut off. */
const CUT = 1

if (noGatedProcesses) console.warn(`cluster-cuts.int.test.ts is left out: ${noGatedProcesses}`)

describe.skipIf(noGatedProcesses)('three processes with gates between them', () => {
  let cluster: GatedProcesses
  let faults: FaultGround
  let ground: Ground
  beforeAll(async () => {
    faults = await FaultGround.create('three processes', async webhooks => {
      cluster = await openGatedProcesses(webhooks)
      return cluster
    })
    ground = faults.ground
  })
  afterEach(async () => {
    cluster.heal()
    await faults.reset()
  })
  afterAll(async () => {
    await faults?.close()
    await dispose()
  })

  const enter = async (room: string, identity: string, at: number) =>
    (await faults.enter(room, identity, at)).peer

  /** an and chi on the others, binh and dung on the node that is cut off, of whom binh shows himself and dung speaks. */
  async function meeting() {
    const room = ground.newRoom()
    const an = await enter(room, 'an', 0)
    const binh = await enter(room, 'binh', CUT)
    const chi = await enter(room, 'chi', 2)
    const dung = await enter(room, 'dung', CUT)
    await Promise.all([an.publishMicrophone(), binh.publishCamera(), dung.publishMicrophone()])
    const people = { an, binh, chi, dung }
    await expectMedia(people)
    return { room, ...people }
  }
  const expectMedia = ({ an, binh, chi, dung }: Record<'an' | 'binh' | 'chi' | 'dung', NativePeer>) =>
    Promise.all([
      ...[an, chi].flatMap(peer => [expectSeen(peer, 'binh'), expectHeardLoud(peer, 'dung')]),
      ...[binh, dung].map(peer => expectHeardLoud(peer, 'an')),
    ])

  async function expectStory(room: string, joined: string[]) {
    await ground.reset()
    await ground.expectListed(room, [])
    await ground.api(0).deleteRoom(room)
    const story = await wholeStory(ground, room, { mayRepeat: true })
    const came = story.filter(({ event }) => event === 'participant_joined')
    expect(came.map(({ participant }) => participant?.identity).sort()).toEqual(joined.sort())
  }

  it('from Redis alone: its people stay and are heard, newcomers are led on, its API serves what it can, nobody is buried', async () => {
    const { room, ...people } = await meeting()
    const { an, binh, chi } = people
    const [em, former] = [
      await ground.join(room, 'em', {}, { at: CUT }),
      await ground.join(room, 'giang', {}, { at: CUT }),
    ]
    for (const peer of Object.values(people))
      await eventually(() => (peer.room.remoteParticipants.size === 5 ? null : 'not all are seen'))
    const changes = changesSeenBy([an, chi])
    const breaks = breaksOf(Object.values(people))
    const buried = loggedSince(cluster.nodes, 'buried')
    const sids = [sidAt(an, 'binh'), sidAt(an, 'dung'), sidAt(binh, 'an')]
    const api = ground.api(CUT)
    cluster.cutRedis(CUT)
    const healAt = performance.now() + CUT_MS
    // Until it knows of it: whoever comes before that waits.
    const isLedOn = async (identity: string) => {
      const before = await ground.connected()
      const peer = await ground.join(room, identity, {}, { at: CUT })
      const grown = (await ground.connected()).map((count, at) => count - before[at]!)
      expect([grown[CUT], Math.max(...grown)]).toEqual([0, 1])
      return peer
    }
    await new Promise(resolve => setTimeout(resolve, 2_500))
    const late = await isLedOn('late')
    await Promise.all([expectSeen(late, 'binh'), expectHeardLoud(late, 'dung')])

    await em.leave()
    // One acts for an identity, the newest, whoever can ask Redis.
    const newer = await ground.join(room, 'giang', {}, { at: 2 })
    await eventually(() =>
      former.disconnectedBy === DisconnectReason.DUPLICATE_IDENTITY
        ? null
        : `the former: ${former.disconnectedBy}`,
    )
    const there = ['an', 'binh', 'chi', 'dung', 'giang', 'late']
    await ground.expectListed(room, there)

    await api.updateParticipant(room, 'chi', { name: 'Chi' })
    await api.sendData(room, Buffer.from('from the API'), 0, {})
    for (const peer of [an, binh, chi, newer, late])
      await eventually(() => (peer.data.some(({ text }) => text === 'from the API') ? null : 'no data'))
    await eventually(() => (binh.room.remoteParticipants.get('chi')?.name === 'Chi' ? null : 'no new name'))
    for (const impossible of [api.createRoom({ name: ground.newRoom() }), api.deleteRoom(room)])
      await expect(impossible).rejects.toMatchObject({ status: 503, code: 'unavailable' })

    for (let n = 0; performance.now() < healAt; n++) {
      await binh.send(`n${n}`, { reliable: true })
      await expectMedia(people)
    }
    await ground.expectListed(room, there)
    cluster.heal()
    const back = await faults.eventuallyJoins(room, 'huong', CUT)
    await expectHeardLoud(back, 'dung')
    await ground.expectListed(room, [...there, 'huong'])
    expect([sidAt(an, 'binh'), sidAt(an, 'dung'), sidAt(binh, 'an')]).toEqual(sids)
    expect(breaks()).toEqual([0, 0, 0, 0])
    expect(Object.values(people).map(({ disconnectedBy }) => disconnectedBy)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(buried()).toEqual([])
    const others = changes.filter(word => !/giang|late|huong/.test(word)).sort()
    expect(others).toEqual(['an: em goes', 'chi: em goes'])
    const told = an.data.filter(({ from }) => from === 'binh').map(({ text }) => text)
    expect(told).toEqual(told.map((_, n) => `n${n}`))
    expect(told.length).toBeGreaterThan(0)
    await expectStory(room, [...there, 'giang', 'em', 'huong'])
  })

  it('from everything: its people are told by the node and are back elsewhere, without ghosts, and it comes back as a new one', async () => {
    const { room, ...people } = await meeting()
    const { an, chi } = people
    // Without media, and by no balancer that could be quicker than the node.
    const raw = await RawClient.join(cluster.nodes[CUT]!, { room, identity: 'raw' })
    const former = ['binh', 'dung'].map(identity => sidAt(an, identity))
    const begunAnew = loggedSince([cluster.nodes[CUT]!], 'begins anew')
    const startedAt = performance.now()
    const since = () => Math.round(performance.now() - startedAt)
    cluster.cutRedis(CUT)
    cluster.cutLinks(CUT)
    for (const witness of [an, chi])
      await eventually(() => {
        const shown = ['binh', 'dung', 'raw'].filter(identity => former.includes(sidAt(witness, identity)))
        return shown.length === 0 ? null : `${shown.join()} are still shown`
      }, BACK_LIMIT_MS)
    const goneMs = since()
    await raw.until(() => raw.closed !== undefined, 'a word of its node')
    const toldMs = since()
    expect(raw.all('leave')[0]).toMatchObject({
      reason: DisconnectReason.SERVER_SHUTDOWN,
      action: LeaveRequest_Action.RECONNECT,
    })
    for (const witness of [an, chi])
      for (const identity of ['binh', 'dung'])
        await eventually(() => {
          const sid = sidAt(witness, identity)
          return sid === undefined || former.includes(sid) ? `${identity} is not back` : null
        }, BACK_LIMIT_MS)
    console.log(
      `cut from all: gone for the others after ${goneMs} ms, told after ${toldMs} ms, back after ${since()} ms`,
    )
    await expectMedia(people)
    const there = ['an', 'binh', 'chi', 'dung']
    for (const at of [0, 2]) {
      const list = await ground.api(at).listParticipants(room)
      expect(list.map(({ identity }) => identity).sort()).toEqual(there)
    }
    expect((await fetch(`${ground.node(CUT).url}/readyz`)).status).toBe(503)

    cluster.heal()
    await eventually(() => (begunAnew().length === 1 ? null : 'it has not begun anew'))
    const late = await faults.eventuallyJoins(room, 'late', CUT)
    expect((await ground.connected())[CUT]).toBe(1)
    await Promise.all([expectSeen(late, 'binh'), expectHeardLoud(late, 'dung')])
    await ground.expectListed(room, [...there, 'late'])
    await expectStory(room, [...there, 'binh', 'dung', 'late'])
  })
})
