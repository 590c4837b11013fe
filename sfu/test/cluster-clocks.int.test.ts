/**
 * Nodes whose clocks are wrong: one is ahead, one behind, and while people are in they leap. All times are Redis's, so that none of it is to be
 * seen. By more than docs/cluster.md promises: tokens may be a minute off in themselves.
 */
import { mintAccessToken } from '@diemcau/core/livekit/access-token.ts'
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { NativePeer } from '../../testing/native-peer.ts'
import { ProcessClock } from '../../testing/process-clock.ts'
import { noRedisServer } from '../../testing/redis-server.ts'
import { TEST_KEYS } from '../../testing/start-sfu.ts'
import { changesSeenBy, FaultGround, loggedSince, sidAt } from './cluster-support/fault-ground.ts'
import type { Ground } from './cluster-support/ground.ts'
import { expectHeardLoud } from './cluster-support/scenarios/media.ts'
import { wholeStory } from './cluster-support/scenarios/stories.ts'
import { type OpenProcesses, openProcesses } from './cluster-support/set-ups.ts'
import { RawClient } from './fuzz-support/raw-client.ts'

const OFF_MS = 130_000
const AHEAD = 1
const BEHIND = 2
const OFFSETS = [0, OFF_MS, -OFF_MS]

if (noRedisServer) console.warn(`cluster-clocks.int.test.ts is left out: ${noRedisServer}`)

const nowS = () => Math.floor(Date.now() / 1_000)
/** Of what a token says. */
const readToken = (token: string): { exp: number; nbf: number } =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

describe.skipIf(noRedisServer)('three processes, one with its clock ahead, one behind', () => {
  const clocks: ProcessClock[] = []
  let cluster: OpenProcesses
  let faults: FaultGround
  let ground: Ground
  beforeAll(async () => {
    for (const offset of OFFSETS) clocks.push(await ProcessClock.create(offset))
    faults = await FaultGround.create('clocks', async webhooks => {
      cluster = await openProcesses(webhooks, async at => ({ NODE_OPTIONS: clocks[at]!.nodeOptions }))
      return cluster
    })
    ground = faults.ground
  })
  afterEach(async () => {
    await faults.reset()
    for (const at of OFFSETS.keys()) await setClock(at, OFFSETS[at]!)
  })
  afterAll(async () => {
    await faults?.close()
    for (const clock of clocks) await clock.close()
    await dispose()
  })
  const setClock = (at: number, ms: number) => clocks[at]!.leap(cluster.nodes[at]!.pid, ms)

  /** A token that begins and ends so many seconds from now. */
  const token = (room: string, identity: string, { from = 0, to = 600 }: { from?: number; to?: number }) =>
    mintAccessToken(
      TEST_KEYS,
      { identity, video: { roomJoin: true, room } },
      to - from,
      () => Date.now() + from * 1_000,
    )
  const statusOf = async (at: number, token: string) =>
    (await fetch(`${ground.node(at).url}/rtc/validate?access_token=${token}`)).status

  it('tokens begin and end at all nodes when they say, give or take the minute that clocks of others may be off', async () => {
    const room = ground.newRoom()
    const cases = [
      { is: 'fresh', token: await token(room, 'an', {}), status: 200 },
      { is: 'to begin in 40 s', token: await token(room, 'an', { from: 40 }), status: 200 },
      { is: 'to begin in 90 s', token: await token(room, 'an', { from: 90 }), status: 401 },
      { is: 'over for 40 s', token: await token(room, 'an', { from: -600, to: -40 }), status: 200 },
      { is: 'over for 90 s', token: await token(room, 'an', { from: -600, to: -90 }), status: 401 },
    ]
    for (const { is, token, status } of cases)
      expect([is, ...(await Promise.all(OFFSETS.map((_, at) => statusOf(at, token))))]).toEqual([
        is,
        ...OFFSETS.map(() => status),
      ])
  })

  it('people and webhooks of each node are dated alike, and webhooks of each are taken', async () => {
    const startedS = nowS()
    for (const at of OFFSETS.keys()) {
      const room = ground.newRoom()
      const peer = await ground.join(room, 'an', {}, { at })
      await peer.publishMicrophone()
      await ground.webhooks.waitFor(({ event, room: of }) => event === 'track_published' && of?.name === room)
      for (const { joinedAt, joinedAtMs } of await ground.everywhere(api => api.getParticipant(room, 'an'))) {
        expect(isDuring(Number(joinedAt), startedS)).toBe(true)
        expect(isDuring(Number(joinedAtMs) / 1_000, startedS)).toBe(true)
      }
      for (const [shown] of await ground.everywhere(api => api.listRooms([room])))
        expect(isDuring(Number(shown?.creationTime), startedS)).toBe(true)
      await peer.leave()
      await ground.expectListed(room, [])
      await ground.api(at).deleteRoom(room)
      const story = await wholeStory(ground, room)
      expect(story.map(({ event }) => event)).toEqual([
        ...['room_started', 'participant_joined', 'track_published'],
        ...['track_unpublished', 'participant_left', 'room_finished'],
      ])
      for (const { createdAt, event } of story)
        expect([event, isDuring(Number(createdAt), startedS)]).toEqual([event, true])
    }
  })

  it('a revocation means the same at all nodes, also for tokens that a node has renewed', async () => {
    const room = ground.newRoom()
    await ground.join(room, 'stays')
    for (const at of [AHEAD, BEHIND]) {
      const identity = `an-${at}`
      // A minute old; what is revoked is older, as the tokens of a meeting that were handed out before it.
      const notBeforeS = nowS() - 50
      const peer = await RawClient.join(
        cluster.nodes[at]!,
        { room, identity },
        { access_token: await token(room, identity, { from: -50 }) },
      )
      await peer.until(() => peer.all('refreshToken').length > 0, 'a renewed token')
      const renewed = peer.all('refreshToken')[0] as string
      const { exp, nbf } = readToken(renewed)
      expect(Math.abs(nbf - notBeforeS)).toBeLessThanOrEqual(2)
      expect(exp).toBeGreaterThan(nowS())
      await ground.api(at).removeParticipant(room, identity, { revokeTokenTs: BigInt(nowS() - 80) })
      expect(peer.all('leave')).toHaveLength(1)
      const older = await token(room, identity, { from: -100, to: 600 })
      for (const node of OFFSETS.keys()) {
        expect(await firstWord(node, room, identity, older)).toBe('leave')
        expect(await firstWord(node, room, identity, renewed)).toBe('join')
      }
      await ground.api(0).removeParticipant(room, identity, { revokeTokenTs: BigInt(nowS() - 20) })
      for (const node of OFFSETS.keys()) {
        expect(await firstWord(node, room, identity, renewed)).toBe('leave')
        expect(await firstWord(node, room, identity, await token(room, identity, {}))).toBe('join')
      }
    }
  })
  async function firstWord(at: number, room: string, identity: string, access_token: string) {
    const client = await RawClient.join(cluster.nodes[at]!, { room, identity }, { access_token })
    const [word] = client.cases()
    client.terminate()
    return word
  }

  it('what the API said of somebody holds at the next connection, unless a newer token says otherwise', async () => {
    const room = ground.newRoom()
    await ground.join(room, 'stays')
    for (const at of [AHEAD, BEHIND]) {
      const identity = `an-${at}`
      const before = await ground.node(at).token({ room, identity, name: 'token' })
      const peer = await ground.join(room, identity, { name: 'token' }, { at })
      await ground.api(0).updateParticipant(room, identity, { name: 'API' })
      const again = await RawClient.join(cluster.nodes[0]!, { room, identity }, { access_token: before })
      expect(again.all('join')[0]?.participant?.name).toBe('API')
      // A token of the same second is taken for the older.
      const saidS = nowS()
      await eventually(() => (nowS() > saidS ? null : 'the same second'))
      const anew = await RawClient.join(cluster.nodes[at]!, { room, identity, name: 'newer token' })
      expect(anew.all('join')[0]?.participant?.name).toBe('newer token')
      for (const client of [again, anew]) client.terminate()
      await peer.leave()
    }
  })

  it('clocks leap while people are in: nobody is told, lost or buried, and who resumes then has missed nothing', async () => {
    const room = ground.newRoom()
    const entries = await Promise.all(
      ['an', 'binh', 'chi'].map((identity, at) => faults.enter(room, identity, at)),
    )
    const peers = entries.map(({ peer }) => peer) as [NativePeer, NativePeer, NativePeer]
    const leaving = await ground.join(room, 'leaving', {}, { at: 0 })
    for (const peer of peers)
      await eventually(() => (peer.room.remoteParticipants.size === 3 ? null : 'not all are seen'))
    await Promise.all(peers.map(peer => peer.publishMicrophone()))
    const expectAllHear = () =>
      Promise.all(
        peers.flatMap(peer =>
          ['an', 'binh', 'chi']
            .filter(identity => identity !== peer.room.localParticipant?.identity)
            .map(identity => expectHeardLoud(peer, identity)),
        ),
      )
    await expectAllHear()
    const sids = ['binh', 'chi'].map(identity => sidAt(peers[0], identity))
    const changes = changesSeenBy(peers)
    const buried = loggedSince(cluster.nodes, 'buried')
    const resumes = peers.map(() => 0)
    for (const [at, { room }] of peers.entries()) room.on(RoomEvent.Reconnected, () => resumes[at]!++)
    // Those of the second and third node are away while theirs leap, one forward and one back, and somebody leaves.
    const away = [entries[AHEAD]!, entries[BEHIND]!]
    for (const { entry } of away) entry.shut()
    await leaving.leave()
    const texts = Array.from({ length: 20 }, (_, n) => `n${n}`)
    for (const text of texts) await peers[0].send(text, { reliable: true })
    await setClock(AHEAD, 3 * OFF_MS)
    await setClock(BEHIND, -3 * OFF_MS)
    await setClock(0, -OFF_MS)
    for (const { entry } of away) entry.open()
    await eventually(() => (resumes.join() === '0,1,1' ? null : `resumed: ${resumes.join()}`), 30_000)
    for (const peer of [peers[AHEAD]!, peers[BEHIND]!])
      await eventually(() => (peer.data.length >= texts.length ? null : `${peer.data.length} messages`))
    await setClock(AHEAD, -OFF_MS)
    await setClock(BEHIND, OFF_MS)
    await setClock(0, 0)
    await expectAllHear()
    for (const peer of [peers[AHEAD]!, peers[BEHIND]!])
      expect(peer.data.map(({ text }) => text)).toEqual(texts)
    await eventually(() => (changes.length >= 3 ? null : 'not all have heard who left'))
    expect(changes.toSorted()).toEqual(['an: leaving goes', 'binh: leaving goes', 'chi: leaving goes'])
    expect(['binh', 'chi'].map(identity => sidAt(peers[0], identity))).toEqual(sids)
    await ground.expectListed(room, ['an', 'binh', 'chi'])
    const late = await ground.join(room, 'late', {}, { at: AHEAD })
    await expectHeardLoud(late, 'chi')
    expect(buried()).toEqual([])
    expect(resumes).toEqual([0, 1, 1])
  })
})

/** On the clock of this machine, which is Redis's. */
const isDuring = (seconds: number, startedS: number) => seconds >= startedS - 1 && seconds <= nowS() + 1
