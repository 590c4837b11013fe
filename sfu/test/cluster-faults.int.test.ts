/** What breaks under three processes with a Redis, in front of native clients: nodes and Redis itself. Bounds of time are those of a busy machine. */
import { nodeReportSchema } from '@diemcau/core/contracts/node-report.ts'
import { nodesReportSchema } from '@diemcau/core/contracts/nodes-report.ts'
import { DisconnectReason, LeaveRequest_Action } from '@livekit/protocol'
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { noRedisServer } from '../../testing/redis-server.ts'
import type { TestGrants } from '../../testing/sfu-access.ts'
import type { RunningSfu } from '../../testing/start-sfu.ts'
import {
  BACK_LIMIT_MS,
  breaksOf,
  changesSeenBy,
  FaultGround,
  loggedSince,
  sidAt,
} from './cluster-support/fault-ground.ts'
import type { Ground } from './cluster-support/ground.ts'
import { expectHeardLoud, expectSeen } from './cluster-support/scenarios/media.ts'
import { wholeStory } from './cluster-support/scenarios/stories.ts'
import { type OpenProcesses, openProcesses } from './cluster-support/set-ups.ts'
import { RawClient } from './fuzz-support/raw-client.ts'

/** Of a picture that should not stop: 200 ms are promised, but encoders of all clients share this machine with the nodes. */
const GAP_LIMIT_MS = 3_000
/** As docs/cluster.md has it. */
const REDIS_AWAY_MS = 30_000

if (noRedisServer) console.warn(`cluster-faults.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('three processes', () => {
  let cluster: OpenProcesses
  let faults: FaultGround
  let ground: Ground
  beforeAll(async () => {
    faults = await FaultGround.create('three processes', async webhooks => {
      cluster = await openProcesses(webhooks)
      return cluster
    })
    ground = faults.ground
  })
  afterEach(async () => {
    await faults.reset()
    // What a test that failed has left broken.
    cluster.redis.wake()
    if (!cluster.redis.isRunning) await cluster.redis.start()
    for (const node of cluster.nodes) {
      node.wake()
      if (!node.isRunning) await node.start()
    }
  })
  afterAll(async () => {
    await faults?.close()
    await dispose()
  })

  const enter = async (room: string, identity: string, at: number, grants?: TestGrants) =>
    (await faults.enter(room, identity, at, grants)).peer

  /** People at three nodes: an and chi see and hear binh and dung of the second node, who will be without it. */
  async function meeting() {
    const room = ground.newRoom()
    const an = await enter(room, 'an', 0)
    const binh = await enter(room, 'binh', 1, { name: 'Bình', metadata: 'before' })
    const chi = await enter(room, 'chi', 2)
    const dung = await enter(room, 'dung', 1)
    const microphone = await binh.publishMicrophone()
    await Promise.all([an.publishCamera(), binh.publishCamera(), dung.publishMicrophone()])
    const witnesses = [an, chi]
    await Promise.all([
      ...witnesses.flatMap(witness => [expectSeen(witness, 'binh'), expectHeardLoud(witness, 'dung')]),
      ...[expectSeen(chi, 'an'), expectSeen(binh, 'an')],
    ])
    await ground.api(0).updateParticipant(room, 'binh', {
      name: 'Hội trường Bình',
      attributes: { hand: 'up' },
      permission: { canPublish: true, canSubscribe: true, canPublishData: true, canUpdateMetadata: true },
    })
    await ground.api(2).mutePublishedTrack(room, 'binh', microphone, true)
    for (const witness of witnesses)
      await eventually(() => (trackOf(witness, 'binh', microphone)?.muted ? null : 'not muted'))
    return { room, an, binh, chi, dung, witnesses, lost: ['binh', 'dung'] }
  }
  type Meeting = Awaited<ReturnType<typeof meeting>>

  /** What the witnesses see from now on of those whose node fails, and how long chi went without a picture of an. */
  function watch({ witnesses, lost, chi }: Meeting) {
    const startedAt = performance.now()
    const before = new Map(lost.map(identity => [identity, sidAt(witnesses[0]!, identity)]))
    const comings: string[] = []
    for (const witness of witnesses)
      witness.room.on(RoomEvent.ParticipantConnected, ({ identity, sid }) => {
        if (lost.includes(identity)) comings.push(`${identity} ${sid}`)
      })
    let gapMs = 0
    let last = { frames: chi.from('an').videoFrames, at: startedAt }
    const timer = setInterval(() => {
      const [frames, at] = [chi.from('an').videoFrames, performance.now()]
      gapMs = Math.max(gapMs, at - last.at)
      if (frames !== last.frames) last = { frames, at }
    }, 10)
    return {
      comings,
      before,
      gapMs: () => {
        clearInterval(timer)
        return gapMs
      },
      /** Waits until all witnesses see all of them as newcomers; how long that took since the start, of each. */
      allBack: async () => {
        const backMs = new Map<string, number>()
        await eventually(
          () => {
            for (const identity of lost) {
              const seen = witnesses.map(witness => sidAt(witness, identity))
              const isBack = seen.every(
                sid => sid !== undefined && sid === seen[0] && sid !== before.get(identity),
              )
              if (isBack && !backMs.has(identity)) backMs.set(identity, performance.now() - startedAt)
            }
            const missing = lost.filter(identity => !backMs.has(identity))
            return missing.length === 0 ? null : `${missing.join()} not back`
          },
          BACK_LIMIT_MS,
          10,
        )
        return [...backMs.values()].map(Math.round)
      },
    }
  }

  /** As they were: name, attributes, permission and mute outlive their node; picture, sound and data pass again. */
  async function expectAsTheyWere({ room, an, binh, witnesses }: Meeting, nodes: number[]) {
    for (const at of nodes) {
      const people = await ground.api(at).listParticipants(room)
      expect(people.map(({ identity }) => identity).sort()).toEqual(['an', 'binh', 'chi', 'dung'])
      expect(people.find(({ identity }) => identity === 'binh')).toMatchObject({
        sid: sidAt(an, 'binh'),
        name: 'Hội trường Bình',
        metadata: 'before',
        attributes: { hand: 'up' },
        permission: { canPublish: true, canUpdateMetadata: true },
      })
    }
    await Promise.all([
      ...witnesses.flatMap(witness => [expectSeen(witness, 'binh'), expectHeardLoud(witness, 'dung')]),
      expectSeen(binh, 'an'),
    ])
    for (const witness of witnesses) {
      const sounds = [...(witness.room.remoteParticipants.get('binh')?.trackPublications.values() ?? [])]
      const microphone = sounds.find(({ mimeType }) => mimeType?.startsWith('audio/'))
      expect(microphone?.muted).toBe(true)
    }
    await binh.send('still here', { reliable: true })
    for (const witness of witnesses)
      await eventually(() => (witness.data.some(({ text }) => text === 'still here') ? null : 'no data'))
  }

  /** Ends the room: each who joined has left, once, and each of them joined but once anew. `others`: who else was there. */
  async function expectStory(
    { room, lost, witnesses }: Meeting,
    seen: ReturnType<typeof watch>,
    others: string[] = [],
  ) {
    expect(new Set(seen.comings).size).toBe(lost.length)
    expect(seen.comings).toHaveLength(lost.length * witnesses.length)
    await ground.reset()
    await ground.expectListed(room, [])
    await ground.api(0).deleteRoom(room)
    const joined = (await wholeStory(ground, room, { mayRepeat: true })).filter(
      ({ event }) => event === 'participant_joined',
    )
    expect(joined.map(({ participant }) => participant?.identity).sort()).toEqual(
      ['an', 'chi', ...lost, ...lost, ...others].sort(),
    )
    for (const sid of seen.before.values())
      expect(joined.map(({ participant }) => participant?.sid)).toContain(sid)
  }

  /** A newcomer sees, hears and is seen at each node. */
  async function expectWelcome({ room, an, lost }: Meeting): Promise<string[]> {
    const identities = ground.nodes.map((_, at) => `late-${at}`)
    for (const [at, identity] of identities.entries()) {
      const late = await faults.eventuallyJoins(room, identity, at)
      await Promise.all([expectSeen(late, 'binh'), expectHeardLoud(late, 'dung')])
      await eventually(() => (sidAt(an, identity) ? null : `${identity} is not seen`))
    }
    await ground.expectListed(room, ['an', 'chi', ...lost, ...identities])
    return identities
  }
  const report = (fault: string, backMs: number[], gapMs: number) =>
    console.log(
      `${fault}: its people back after ${backMs.join(' and ')} ms; longest gap of a picture elsewhere ${Math.round(gapMs)} ms`,
    )

  it('one killed in front of its clients: they are back as they were, once; the others miss nothing', async () => {
    const people = await meeting()
    const seen = watch(people)
    await cluster.nodes[1]!.kill()
    const backMs = await seen.allBack()
    const gapMs = seen.gapMs()
    report('a node killed', backMs, gapMs)
    expect(gapMs).toBeLessThan(GAP_LIMIT_MS)
    await expectAsTheyWere(people, [0, 2])
    await cluster.nodes[1]!.start()
    await expectStory(people, seen, await expectWelcome(people))
  })

  it('one stopped dead, and waking: its people are back as they were, and nothing counts that it says then', async () => {
    const people = await meeting()
    const seen = watch(people)
    const node = cluster.nodes[1]!
    node.pause()
    try {
      const backMs = await seen.allBack()
      const gapMs = seen.gapMs()
      report('a node stopped', backMs, gapMs)
      expect(gapMs).toBeLessThan(GAP_LIMIT_MS)
      await expectAsTheyWere(people, [0, 2])
    } finally {
      node.wake()
    }
    await expectStory(people, seen, await expectWelcome(people))
  })

  it('one told to end: its people are led to the others as they were, and it ends by itself when they are', async () => {
    const people = await meeting()
    const seen = watch(people)
    const ended = cluster.nodes[1]!.end()
    const backMs = await seen.allBack()
    const gapMs = seen.gapMs()
    report('a node drained', backMs, gapMs)
    expect(gapMs).toBeLessThan(GAP_LIMIT_MS)
    expect(await ended).toBe(0)
    await expectAsTheyWere(people, [0, 2])
    await cluster.nodes[1]!.start()
    await expectStory(people, seen, await expectWelcome(people))
  })

  it('one drained by a call: the same without its end, with how many are left; and back', async () => {
    const people = await meeting()
    const seen = watch(people)
    const node = cluster.nodes[1]!
    const token = await node.token({ nodeAdmin: true } as TestGrants)
    const call = async (method: string, path: string) => {
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(`${node.url}/admin/${path}`, { method, headers })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    const { body: figures } = await call('GET', 'node')
    // One more where another node was slow to answer somebody's way in.
    const here = Number(figures.people)
    expect(here).toBeGreaterThanOrEqual(people.lost.length)
    expect(figures).toMatchObject({ drain: { state: 'none', left: here, refusal: null } })
    expect(figures.rooms).toMatchObject([{ name: people.room, people: here, nodes: 2 }])
    expect(figures.cluster).toMatchObject({ reachesRecord: true, links: [{ isUp: true }, { isUp: true }] })
    expect(await call('POST', 'drain')).toMatchObject({ status: 202, body: { state: 'going' } })
    const backMs = await seen.allBack()
    const gapMs = seen.gapMs()
    report('a node drained by a call', backMs, gapMs)
    expect(gapMs).toBeLessThan(GAP_LIMIT_MS)
    await expectAsTheyWere(people, [0, 2])
    await eventually(async () => {
      const { drain } = (await call('GET', 'node')).body as { drain: { state: string; left: number } }
      return drain.state === 'done' && drain.left === 0 ? null : JSON.stringify(drain)
    })
    expect(node.isRunning).toBe(true)
    expect((await fetch(`${node.url}/readyz`)).status).toBe(503)
    expect(await call('DELETE', 'drain')).toMatchObject({ status: 200, body: { state: 'none' } })
    expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
    await expectStory(people, seen, await expectWelcome(people))
  })

  it('whichever node is asked tells of all, and drains another one', async () => {
    const [asked, other] = [cluster.nodes[0]!, cluster.nodes[1]!]
    const token = await asked.token({ nodeAdmin: true } as TestGrants)
    const call = async (method: string, path: string) => {
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(`${asked.url}/admin/nodes${path}`, { method, headers })
      return { status: response.status, body: (await response.json()) as unknown }
    }
    const nodes = async () => nodesReportSchema.parse((await call('GET', '')).body).nodes
    const incarnationOf = async (node: RunningSfu) => {
      const headers = { authorization: `Bearer ${token}` }
      const report = await (await fetch(`${node.url}/admin/node`, { headers })).json()
      return nodeReportSchema.parse(report).cluster?.instance ?? ''
    }
    const all = await Promise.all(cluster.nodes.map(incarnationOf))
    const known = await nodes()
    expect(known[0]?.incarnation).toBe(all[0])
    expect(new Set(known.map(({ incarnation }) => incarnation))).toEqual(new Set(all))
    for (const node of known) {
      expect(node).toMatchObject({ fault: null, seen: { report: { cluster: { address: node.address } } } })
      expect(node.seen?.report.cluster?.instance).toBe(node.incarnation)
    }
    const far = await incarnationOf(other)
    expect(await call('POST', `/${far}/drain`)).toMatchObject({ status: 202 })
    const stateOf = async () =>
      (await nodes()).find(({ incarnation }) => incarnation === far)?.seen?.report.drain.state
    await eventually(async () => ((await stateOf()) === 'done' ? null : 'it is not drained'))
    expect((await fetch(`${other.url}/readyz`)).status).toBe(503)
    expect((await fetch(`${asked.url}/readyz`)).status).toBe(200)
    expect(await call('DELETE', `/${far}/drain`)).toMatchObject({ status: 200, body: { state: 'none' } })
    expect((await fetch(`${other.url}/readyz`)).status).toBe(200)
    // One that has stopped without a word: there is none of it, and then it is no node any more.
    other.pause()
    const faultOf = async () => (await nodes()).find(({ incarnation }) => incarnation === far)?.fault
    await eventually(async () => ((await faultOf()) ? null : 'there is still a word of it'))
    await eventually(async () => ((await nodes()).length === 2 ? null : 'it is still a node'), 60_000)
  })

  it('Redis emptied: nobody is lost, everybody is known again, and there is still one room of that name', async () => {
    const people = await meeting()
    const gone: string[] = []
    for (const witness of people.witnesses)
      witness.room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => gone.push(identity))
    const sid = (await ground.api(0).listRooms([people.room]))[0]?.sid
    await cluster.redis.kill()
    await cluster.redis.start()
    const startedAt = performance.now()
    const late = await expectWelcome(people)
    console.log(`Redis emptied: newcomers at all nodes after ${Math.round(performance.now() - startedAt)} ms`)
    const rooms = (await ground.everywhere(api => api.listRooms([people.room]))).flat()
    expect(rooms.map(room => room.sid)).toEqual(ground.nodes.map(() => sid))
    expect(gone).toEqual([])
    await people.an.send('still one', { reliable: true })
    for (const peer of [people.binh, people.chi, people.dung])
      await eventually(() => (peer.data.some(({ text }) => text === 'still one') ? null : 'no data'))
    await ground.reset()
    await ground.expectListed(people.room, [])
    await ground.api(1).deleteRoom(people.room)
    const joined = (await wholeStory(ground, people.room, { mayRepeat: true })).filter(
      ({ event }) => event === 'participant_joined',
    )
    expect(joined.map(({ participant }) => participant?.identity).sort()).toEqual(
      ['an', 'binh', 'chi', 'dung', ...late].sort(),
    )
  })

  it('Redis away for half a minute: who is there stays, is heard, may resume and leave, what the API says of them is acknowledged and holds; who comes is told to come again, and can afterwards', {
    timeout: 240_000,
  }, async () => {
    const people = await meeting()
    const { an, chi, room } = people
    const [em, giang] = [await ground.join(room, 'em', {}, { at: 0 }), await faults.enter(room, 'giang', 1)]
    const hoa = await faults.enter(room, 'hoa', 2)
    const resuming = [giang.peer, hoa.peer]
    for (const peer of [an, chi, ...resuming])
      await eventually(() => (peer.room.remoteParticipants.size === 6 ? null : 'not all are seen'))
    const giangs = { room, identity: 'giang' }
    const token = await ground.node(2).token(giangs)
    const changes = changesSeenBy([an, chi])
    const buried = loggedSince(cluster.nodes, 'a node is buried')
    const sids = [sidAt(an, 'binh'), sidAt(an, 'giang'), sidAt(an, 'hoa')]
    const breaks = breaksOf([people.binh, people.dung, ...resuming])
    let resumes = 0
    for (const { room } of resuming) room.on(RoomEvent.Reconnected, () => resumes++)
    const texts: string[] = []
    const untilAway = performance.now() + REDIS_AWAY_MS
    cluster.redis.pause()
    try {
      // Some come before their node knows that Redis is away, and some when all do. They have the names of those who come in afterwards.
      const refused = Promise.all([refusedMs(room, 'late-0', 0), refusedMs(room, 'late-1', 1)])
      let later: Promise<number> | undefined
      let said: Promise<number[]> | undefined
      for (let n = 0; performance.now() < untilAway; n++) {
        await Promise.all([
          expectSeen(chi, 'an', 5),
          expectSeen(an, 'binh', 5),
          expectHeardLoud(chi, 'dung', 5),
        ])
        await people.binh.send(`n${n}`, { reliable: true })
        texts.push(`n${n}`)
        if (n === 5) {
          later = refusedMs(room, 'late-2', 2)
          // By their own node, and by another one.
          said = Promise.all([
            timeOf(ground.api(1).updateParticipant(room, 'giang', { name: 'Giang, Hội trường' })),
            timeOf(ground.api(0).updateParticipant(room, 'giang', { attributes: { hand: 'away' } })),
          ])
          await em.leave()
          giang.entry.dropAll()
          // By another node than the one it is at.
          hoa.entry.prefer(ground.node(0))
          hoa.entry.dropAll()
        }
      }
      console.log(`Redis away: told to come again after ${[...(await refused), await later].join(', ')} ms`)
      console.log(`Redis away: the API answered after ${(await said)?.join(', ')} ms`)
      await eventually(() => (resumes === 2 ? null : `${resumes} have resumed`), BACK_LIMIT_MS)
      for (const peer of [an, chi, ...resuming])
        await eventually(() =>
          peer.data.length >= texts.length ? null : `${peer.data.length} of ${texts.length} messages`,
        )
    } finally {
      cluster.redis.wake()
    }
    for (const peer of [an, chi, ...resuming]) expect(peer.data.map(({ text }) => text)).toEqual(texts)
    await Promise.all([expectSeen(chi, 'an'), expectSeen(an, 'binh')])
    expect(changes.toSorted()).toEqual(['an: em goes', 'chi: em goes'])
    expect([sidAt(an, 'binh'), sidAt(an, 'giang'), sidAt(an, 'hoa')]).toEqual(sids)
    expect(breaks()).toEqual([0, 0, 1, 1])
    await giang.peer.leave()
    // With the token of before: a newer one would say better.
    const back = await NativePeer.join({ wsUrl: ground.node(2).wsUrl, token: async () => token }, giangs)
    expect(
      (await ground.api(0).listParticipants(room)).find(({ identity }) => identity === 'giang'),
    ).toMatchObject({ name: 'Giang, Hội trường', attributes: { hand: 'away' } })
    people.lost.push('giang', 'hoa')
    const late = await expectWelcome(people)
    expect(buried()).toEqual([])
    await back.leave()
    await ground.reset()
    await ground.expectListed(room, [])
    await ground.api(2).deleteRoom(room)
    const joined = (await wholeStory(ground, room, { mayRepeat: true })).filter(
      ({ event }) => event === 'participant_joined',
    )
    expect(joined.map(({ participant }) => participant?.identity).sort()).toEqual(
      ['an', 'chi', 'em', 'giang', ...people.lost, ...late].sort(),
    )
  })

  /** How long a call of the API took that has to be answered well, ms. */
  async function timeOf(call: Promise<unknown>): Promise<number> {
    const startedAt = performance.now()
    await call
    return Math.round(performance.now() - startedAt)
  }

  /** Somebody comes who has to be told to come again, at this or another node. After how long, ms. */
  async function refusedMs(room: string, identity: string, at: number): Promise<number> {
    const startedAt = performance.now()
    const client = await RawClient.join(cluster.nodes[at]!, { room, identity })
    const ms = Math.round(performance.now() - startedAt)
    const { reason, action } = client.all('leave')[0] ?? {}
    expect([client.cases(), reason, action]).toEqual([
      ['leave'],
      DisconnectReason.SERVER_SHUTDOWN,
      LeaveRequest_Action.RECONNECT,
    ])
    return ms
  }

  it('all told to end, one after the other: each is led on once for each node that ends under it, and all are there at the end', {
    timeout: 240_000,
  }, async () => {
    const room = ground.newRoom()
    /** In the order of nodes. Where each goes from a node that ends is the cluster's choice. */
    const identities = ['an', 'binh', 'chi']
    const led: string[] = []
    const peers: NativePeer[] = []
    for (const [at, identity] of identities.entries()) peers.push(await enter(room, identity, at))
    await Promise.all(peers.map(peer => peer.publishMicrophone()))
    const expectAllHear = () =>
      Promise.all(
        peers.flatMap((peer, at) =>
          identities.filter((_, other) => other !== at).map(identity => expectHeardLoud(peer, identity)),
        ),
      )
    await expectAllHear()
    const reconnectsMs: number[] = []
    for (const [at, node] of cluster.nodes.entries()) {
      led.push(...identities.filter(identity => placeOf(cluster.nodes, room, identity) === at))
      const startedAt = performance.now()
      expect(await node.end()).toBe(0)
      reconnectsMs.push(Math.round(performance.now() - startedAt))
      await expectAllHear()
      await node.start()
      await eventually(async () => ((await fetch(`${node.url}/readyz`)).ok ? null : `${at} is not ready`))
    }
    console.log(`each node told to end: ${reconnectsMs.join(', ')} ms until it had`)
    await expectAllHear()
    const lists = await ground.expectListed(room, identities)
    const sids = (list: (typeof lists)[number]) =>
      list.map(({ identity, sid }) => `${identity} ${sid}`).sort()
    for (const list of lists) expect(sids(list)).toEqual(sids(lists[0]!))
    await ground.reset()
    await ground.expectListed(room, [])
    await ground.api(0).deleteRoom(room)
    const joined = (await wholeStory(ground, room, { mayRepeat: true })).filter(
      ({ event }) => event === 'participant_joined',
    )
    expect(led.length).toBeGreaterThanOrEqual(identities.length)
    expect(joined.map(({ participant }) => participant?.identity).sort()).toEqual(
      [...identities, ...led].sort(),
    )
  })
})

/** The index of the node that somebody has joined last, by what the nodes log. */
function placeOf(nodes: readonly RunningSfu[], room: string, identity: string): number {
  const joins = nodes.flatMap(({ output }, at) =>
    output
      .split('\n')
      .filter(line => line.startsWith('{') && line.includes('"participant joined"'))
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(entry => entry.room === room && entry.identity === identity)
      .map(entry => ({ at, time: Date.parse(String(entry.time)) })),
  )
  return joins.toSorted((a, b) => a.time - b.time).at(-1)?.at ?? -1
}

const trackOf = (witness: NativePeer, identity: string, sid: string) =>
  witness.room.remoteParticipants.get(identity)?.trackPublications.get(sid)
