/** Two portals in processes of their own, over one PostgreSQL and one Redis, and a balancer before them. */
import { randomUUID } from 'node:crypto'
import { newId } from '@diemcau/core/ids.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { eventually as pollUntil } from '../../../testing/eventually.ts'
import { noRedisServer, RedisServer } from '../../../testing/redis-server.ts'
import { TcpTurns } from '../../../testing/tcp-turns.ts'
import { FloorClient as PageFloor } from '../../live/floor-client.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import type { Actor } from '../types.ts'
import { FloorClient } from './floor-client.ts'
import { device, eventually, meetingForm, origin, startPortal, type TestPortal } from './portal.ts'
import { PortalChild } from './portal-child.ts'
import { signWebhook } from './sign-webhook.ts'

const GRACE_MS = 3_000
const options = { graceMs: GRACE_MS }
/** A busy machine is many times slower than an idle one. */
const LONG = 20_000

/** The database and the media server, and no sockets: what this process commits, the portals have to find. */
let portal: TestPortal
let postgres: TempPostgres
let redis: RedisServer
let a: PortalChild
let b: PortalChild
let turns: TcpTurns
let meeting: { id: string; code: string; passcode: string }
const clients: { close(): void }[] = []

const env = () => ({
  DATABASE_URL: portal.runtime.config.databaseUrl,
  LIVEKIT_URL: portal.livekit.url,
  PORTAL_REDIS_URL: redis.url,
})

beforeAll(async () => {
  if (noRedisServer) return
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
  redis = await RedisServer.create()
  ;[a, b] = await Promise.all([PortalChild.create(env(), options), PortalChild.create(env(), options)])
  turns = await TcpTurns.create([a.port, b.port])
})
afterAll(async () => {
  await turns?.close()
  await a?.kill()
  await b?.kill()
  await redis?.close()
  await portal?.close()
  await postgres?.stop()
})
beforeEach(async () => {
  const result = await scheduleMeeting(portal.actors.clerk, meetingForm({ recorded: false }))
  if (!result.ok) throw new Error('not scheduled')
  meeting = await portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: result.id } })
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

async function ticketOf(actor: Actor | null, request: Record<string, unknown> = {}): Promise<string> {
  const { code, passcode } = meeting
  const full = { as: 'participant', deviceId: device(), name: 'Bà Lan', passcode, ...request }
  const result = await joinMeeting(code, full, actor, origin)
  if (result.status === 'refused') throw new Error(result.reason)
  return result.ticket
}
function connect(at: PortalChild, ticket: string): FloorClient {
  const client = new FloorClient(at.url, ticket)
  clients.push(client)
  return client
}
async function sit(at: PortalChild, actor: Actor | null, request: Record<string, unknown> = {}) {
  const client = connect(at, await ticketOf(actor, request))
  await eventually(() => expect(client.snapshots).toHaveLength(1), LONG)
  return client
}
async function eventuallyEvery(ms: number, check: () => Promise<void>): Promise<void> {
  const isWrong = () =>
    check().then(
      () => null,
      (error: unknown) => String(error),
    )
  await pollUntil(isWrong, LONG, ms)
}
const texts = (client: FloorClient) =>
  client.events.flatMap(event => (event.type === 'chat_sent' ? [event.message.text] : []))

if (noRedisServer) console.warn(`portals.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('two portals', () => {
  it('have one order of all that happens, told at both', async () => {
    const chair = await sit(a, portal.actors.chair)
    const official = await sit(b, portal.actors.official1)
    const say = (client: FloorClient, who: string) =>
      Promise.all(
        Array.from({ length: 12 }, (_, n) => client.send({ type: 'chat_send', text: `${who} ${n}` })),
      )
    const answers = await Promise.all([say(chair, 'A'), say(official, 'B')])
    expect(answers.flat()).toEqual(Array(24).fill({ ok: true }))
    for (const client of [chair, official]) {
      await eventually(() => expect(client.events).toHaveLength(24), LONG)
      expect(client.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 24 }, (_, n) => n + 1))
    }
    expect(texts(chair)).toEqual(texts(official))
  })

  it('have one speaking list, also when two press at once at different ones', async () => {
    const chair = await sit(a, portal.actors.chair)
    const secretary = await sit(b, portal.actors.secretary)
    await chair.send({ type: 'speaking_mode', mode: 'one' })
    const names = Array.from({ length: 6 }, (_, n) => `Cử tri ${n}`)
    await Promise.all(
      names.map((name, n) => (n % 2 ? chair : secretary).send({ type: 'speaking_add', name })),
    )
    const turnsOf = (client: FloorClient) =>
      [
        ...new Map(
          client.events.flatMap(event =>
            event.type === 'speaking_turn' ? [[event.turn.id, event.turn] as const] : [],
          ),
        ).values(),
      ].sort((one, other) => one.rank - other.rank)
    for (const client of [chair, secretary])
      await eventually(() => expect(turnsOf(client)).toHaveLength(6), LONG)
    expect(turnsOf(chair)).toEqual(turnsOf(secretary))
    const [first, second] = turnsOf(chair)
    const call = (client: FloorClient, turnId: string) =>
      client.send({ type: 'speaking_call', turnId, speaking: [] })
    // The same call by both is one; another one is refused, whichever comes second.
    expect(await Promise.all([call(chair, first!.id), call(secretary, first!.id)])).toEqual([
      { ok: true },
      { ok: true },
    ])
    expect(await call(secretary, second!.id)).toMatchObject({ ok: false, code: 'floor_moved' })
    for (const client of [chair, secretary]) {
      await eventually(
        () =>
          expect(turnsOf(client).map(turn => turn.status)).toEqual(['speaking', ...Array(5).fill('waiting')]),
        LONG,
      )
      const calls = client.events.filter(
        event => event.type === 'speaking_turn' && event.turn.status === 'speaking',
      )
      expect(calls).toHaveLength(1)
    }
  })

  it('ring at one another over Redis: events and ended rights need not be looked for', async () => {
    // So slow that it is not what brings anything here.
    const third = await PortalChild.create(env(), { ...options, pulseMs: 600_000 })
    clients.push({ close: () => void third.kill() })
    const chair = await sit(a, portal.actors.chair)
    const official = await sit(third, portal.actors.official1)
    // Its way to Redis may have come up after the first of these; a later one then brings them all.
    let said = 0
    await eventuallyEvery(500, async () => {
      await chair.send({ type: 'chat_send', text: String(said++) })
      expect(official.events.length).toBeGreaterThan(0)
    })
    await eventually(() => expect(official.events).toHaveLength(said), LONG)
    expect(official.events.map(({ seq }) => seq)).toEqual(Array.from({ length: said }, (_, n) => n + 1))
    await chair.send({ type: 'remove', identity: 'user:US_official1' })
    await eventually(() => expect(official.socket.connected).toBe(false), LONG)
  })

  it('show the chair a hand that was raised at the other, and keep it up while its owner is there', async () => {
    const chair = await sit(a, portal.actors.chair)
    await chair.send({ type: 'set_options', viewersMayRaiseHand: true })
    const viewer = await sit(b, null, { as: 'viewer' })
    const { identity } = viewer.snapshots[0]!.you
    await eventually(() => expect(chair.viewers.at(-1)).toBe(1), LONG)
    await viewer.send({ type: 'hand_raise', name: 'Bà Lan' })
    await eventually(() => expect(chair.types()).toContain('hand_raised'), LONG)
    const { at } = await portal.runtime.db.raisedHandRow.findFirstOrThrow({
      where: { meetingId: meeting.id },
    })
    // The portal without their socket looks again and again, and so long that it would have lowered it.
    await eventually(async () => {
      const hand = await portal.runtime.db.raisedHandRow.findFirstOrThrow({
        where: { meetingId: meeting.id },
      })
      expect(hand.seenAt.getTime() - at.getTime()).toBeGreaterThan(2 * GRACE_MS)
    }, LONG)
    expect(await chair.send({ type: 'give_floor', identity })).toEqual({ ok: true })
    await eventually(() => expect(viewer.types()).toContain('floor_given'), LONG)
    viewer.close()
    await eventually(() => expect(chair.types().at(-1)).toBe('floor_taken'), LONG)
    expect(chair.types().filter(type => type === 'floor_taken')).toHaveLength(1)
    await eventually(() => expect(chair.viewers.at(-1)).toBe(0), LONG)
  })

  it('let in at one who waits at the other', async () => {
    const chair = await sit(a, portal.actors.chair)
    const ticket = await ticketOf(null, { name: 'Ông Tài' })
    const guest = connect(b, ticket)
    await eventually(() => expect(chair.types()).toContain('lobby_requested'), LONG)
    const request = await portal.runtime.db.lobbyRequestRow.findFirstOrThrow({
      where: { meetingId: meeting.id },
    })
    await eventually(async () => {
      const now = await portal.runtime.db.lobbyRequestRow.findUniqueOrThrow({ where: { id: request.id } })
      expect(now.seenAt.getTime() - request.at.getTime()).toBeGreaterThan(11_000)
    }, 2 * LONG)
    expect(chair.types()).not.toContain('lobby_settled')
    await chair.send({ type: 'lobby_admit', requestId: request.id })
    await eventually(() => expect(guest.lobbyResults).toEqual([true]), LONG)
  })

  it('end rights at both: a removal and a revocation close the sockets at the other', async () => {
    const chair = await sit(a, portal.actors.chair)
    const official = await sit(b, portal.actors.official1)
    const other = await sit(b, portal.actors.official2)
    const from = performance.now()
    await chair.send({ type: 'remove', identity: 'user:US_official2' })
    await eventually(() => expect(other.socket.connected).toBe(false), 5_000)
    await a.call('revoke', portal.actors.admin, { userId: 'US_official1' })
    await eventually(() => expect(official.socket.connected).toBe(false), 5_000)
    console.log(`both closed after ${Math.round(performance.now() - from)} ms`)
    expect(chair.socket.connected).toBe(true)
    await portal.signIn('official1')
  })

  it('go on without Redis: told, answered and closed out of the database', async () => {
    const chair = await sit(a, portal.actors.chair)
    const official = await sit(b, portal.actors.official1)
    const guest = connect(b, await ticketOf(null, { name: 'Ông Tài' }))
    await eventually(() => expect(chair.types()).toContain('lobby_requested'), LONG)
    await redis.kill()
    try {
      const request = await portal.runtime.db.lobbyRequestRow.findFirstOrThrow({
        where: { meetingId: meeting.id },
      })
      expect(await chair.send({ type: 'chat_send', text: 'một' })).toEqual({ ok: true })
      expect(await official.send({ type: 'chat_send', text: 'hai' })).toEqual({ ok: true })
      for (const client of [chair, official])
        await eventually(() => expect(texts(client)).toEqual(['một', 'hai']), LONG)
      await chair.send({ type: 'lobby_admit', requestId: request.id })
      await eventually(() => expect(guest.lobbyResults).toEqual([true]), LONG)
      await a.call('revoke', portal.actors.admin, { userId: 'US_official1' })
      await eventually(() => expect(official.socket.connected).toBe(false), 5_000)
    } finally {
      await redis.start()
      await portal.signIn('official1')
    }
  })

  it('count wrong codes and sign-ins together, also many at once', async () => {
    const from = { deviceId: device(), as: 'participant', name: 'Kẻ đoán' }
    const guess = (at: PortalChild, n: number) =>
      at.call('join', meeting.code, { ...from, passcode: String(100_000 + n) }, null, origin)
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => guess(n % 2 ? a : b, n)))
    const reasons = answers.map(answer => (answer.status === 'refused' ? answer.reason : answer.status))
    expect(reasons.filter(reason => reason === 'wrong_code')).toHaveLength(10)
    expect(reasons.filter(reason => reason === 'too_many_attempts')).toHaveLength(30)

    const credentials = { email: 'stranger@test.local', password: 'wrong password 1' }
    const tries = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        (n % 2 ? a : b).call('signIn', credentials, { ip: '10.9.9.9', userAgent: '' }),
      ),
    )
    const codes = tries.map(answer => (answer.ok ? 'ok' : answer.code))
    expect(codes.filter(code => code === 'wrong_credentials')).toHaveLength(5)
    expect(codes.filter(code => code === 'locked_out')).toHaveLength(3)
  })

  it('begin a planned recording once, and apply a webhook once', async () => {
    const result = await scheduleMeeting(portal.actors.clerk, meetingForm())
    if (!result.ok) throw new Error('not scheduled')
    const comes = await Promise.all(
      ['x', 'y', 'z'].map(sid =>
        signWebhook({
          id: newId<string>('EV_'),
          event: 'participant_joined',
          createdAt: String(Math.floor(Date.now() / 1000)),
          room: { name: result.id, sid: 'RM_1' },
          participant: {
            sid,
            identity: `user:${sid}`,
            kind: 'STANDARD',
            joinedAtMs: String(Date.now()),
            attributes: {},
          },
        }),
      ),
    )
    const outcomes = await Promise.all(
      comes.flatMap(({ body, authorization }) => [a, b].map(at => at.call('webhook', body, authorization))),
    )
    expect(outcomes.sort()).toEqual(['applied', 'applied', 'applied', 'duplicate', 'duplicate', 'duplicate'])
    const where = { meetingId: result.id }
    await eventually(
      async () =>
        expect(await portal.runtime.db.recording.findMany({ where })).toMatchObject([{ status: 'starting' }]),
      LONG,
    )
    await eventually(async () => {
      const open = { status: 'queued', kind: 'record_as_planned' }
      expect(await portal.runtime.db.job.count({ where: open })).toBe(0)
    }, LONG)
    const started = portal.livekit
      .callsOf('StartRoomCompositeEgress')
      .filter(call => (call.roomName ?? call.room_name) === result.id)
    expect(started).toHaveLength(1)
    expect(await portal.runtime.db.presenceEvent.count({ where })).toBe(3)
  })
})

describe.skipIf(noRedisServer)('a portal that is killed', () => {
  /** As a page has it: through the balancer, and back by itself. */
  async function open(actor: Actor): Promise<PageFloor> {
    const ticket = await ticketOf(actor)
    const page = new PageFloor(
      async () => null,
      () => {},
      `http://127.0.0.1:${turns.port}`,
    )
    clients.push(page)
    page.connect(ticket)
    await eventually(() => expect(page.state.get().isSynced).toBe(true), LONG)
    return page
  }

  it('costs its people a moment: they go on at the other, and nothing acknowledged is lost or done twice', async () => {
    const pages = [
      await open(portal.actors.chair),
      await open(portal.actors.secretary),
      await open(portal.actors.official1),
      await open(portal.actors.official2),
    ]
    const lease = () => portal.runtime.db.lease.findUnique({ where: { name: 'sweep' } })
    await eventually(async () => expect(await lease()).not.toBeNull(), LONG)
    const ids = new Map([
      [await a.call('id'), a],
      [await b.call('id'), b],
    ])
    // Whoever holds the lease of the timers is the one to go.
    const victim = ids.get((await lease())!.holder)!
    const said: string[] = []
    const say = async (page: PageFloor, text: string) => {
      const answer = await page.send({ type: 'chat_send', text })
      if (answer.ok) said.push(text)
      return answer
    }
    const before = pages.flatMap((page, who) =>
      Array.from({ length: 5 }, (_, n) => say(page, `trước ${who} ${n}`)),
    )
    const asked = performance.now()
    await Promise.race(before)
    const ordinaryMs = performance.now() - asked
    await victim.kill()
    const from = performance.now()
    const after = await Promise.all(pages.map((page, who) => say(page, `sau ${who}`)))
    const goneMs = performance.now() - from
    console.log(`everybody was heard ${Math.round(goneMs)} ms after the kill`)
    expect(after).toEqual(Array(4).fill({ ok: true }))
    // Three seconds, and what a machine adds that is busy with other things.
    expect(goneMs).toBeLessThan(3_000 + 10 * ordinaryMs)
    expect(await Promise.all(before)).toEqual(Array(20).fill({ ok: true }))
    expect(said).toHaveLength(24)
    for (const page of pages)
      await eventually(() => {
        const chat = page.state.get().chat.map(message => message.text)
        expect([...chat].sort()).toEqual([...said].sort())
        expect(chat).toEqual(pages[0]!.state.get().chat.map(message => message.text))
      }, LONG)
    const other = victim === a ? b : a
    await eventually(async () => expect((await lease())?.holder).toBe(await other.call('id')), LONG)
    // A job that it had begun is taken up by the other.
    await portal.runtime.db.job.create({
      data: {
        id: `JB_${randomUUID()}`,
        kind: 'remove_participant',
        payload: { kind: 'remove_participant', meetingId: meeting.id, identity: 'user:x' },
        attempts: 1,
        lockedUntil: new Date(Date.now() + 2_000),
      },
    })
    await eventually(
      () =>
        expect(portal.livekit.callsOf('RemoveParticipant')).toContainEqual(
          expect.objectContaining({ room: meeting.id, identity: 'user:x' }),
        ),
      LONG,
    )
  })
})
