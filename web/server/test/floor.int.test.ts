import { randomUUID } from 'node:crypto'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EgressStatus } from 'livekit-server-sdk'
import { Server } from 'socket.io'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { setUserDisabled } from '../accounts/set-user-disabled.ts'
import { FloorGateway } from '../floor/floor-gateway.ts'
import { signTicket } from '../floor/ticket.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { sweepMeetings } from '../meetings/sweep-meetings.ts'
import { updateMeeting } from '../meetings/update-meeting.ts'
import type { Actor } from '../types.ts'
import { FloorClient } from './floor-client.ts'
import { device, eventually, meetingForm, origin, startPortal, type TestPortal } from './portal.ts'

let postgres: TempPostgres
let portal: TestPortal
let http: HttpServer
let io: Server
let gateway: FloorGateway
let url: string
let meeting: { id: string; code: string; passcode: string }
const clients: FloorClient[] = []

beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
  http = createServer()
  io = new Server(http, { path: '/socket.io/' })
  gateway = new FloorGateway(portal.runtime, io)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})
afterAll(async () => {
  gateway?.close()
  gateway?.close()
  await io?.close()
  await portal?.close()
  await postgres?.stop()
})
beforeEach(async () => {
  const result = await scheduleMeeting(portal.actors.clerk, meetingForm())
  if (!result.ok) throw new Error('not scheduled')
  meeting = await portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: result.id } })
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

async function enter(actor: Actor | null, request: Record<string, unknown> = {}) {
  const result = await joinMeeting(
    meeting.code,
    { as: 'participant', deviceId: device(), name: 'Bà Lan', passcode: meeting.passcode, ...request },
    actor,
    origin,
  )
  if (result.status === 'refused') throw new Error(result.reason)
  return result
}
function connect(ticket: string, since?: number): FloorClient {
  const client = new FloorClient(url, ticket, since)
  clients.push(client)
  return client
}
/** Joined, connected and in possession of the first snapshot. */
async function sit(actor: Actor | null, request: Record<string, unknown> = {}): Promise<FloorClient> {
  const client = connect((await enter(actor, request)).ticket)
  await eventually(() => expect(client.snapshots).toHaveLength(1))
  return client
}
const seqs = (client: FloorClient): number[] => client.events.map(e => e.seq)

describe('the floor', () => {
  it('carries a chat message to everybody and keeps it', async () => {
    const [chair, official] = [await sit(portal.actors.chair), await sit(portal.actors.official1)]
    expect(await official.send({ type: 'chat_send', text: ' Xin chào ' })).toEqual({ ok: true })
    for (const client of [chair, official])
      await eventually(() =>
        expect(client.events).toMatchObject([
          { seq: 1, type: 'chat_sent', message: { text: 'Xin chào', name: 'Hội trường 1 – UBND tỉnh' } },
        ]),
      )
    const late = await sit(portal.actors.official2)
    expect(late.snapshots[0]!.chat.map(m => m.text)).toEqual(['Xin chào'])
    expect(late.snapshots[0]!.you).toMatchObject({ identity: 'user:US_official2', role: 'delegate' })
  })

  it('does a command that is sent again, at once or later, only one time', async () => {
    const chair = await sit(portal.actors.chair)
    const commandId = randomUUID()
    const command = { type: 'chat_send', text: 'một lần', commandId }
    const answers = await Promise.all([chair.send(command), chair.send(command), chair.send(command)])
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }])
    const again = await sit(portal.actors.chair)
    expect(await again.send(command)).toEqual({ ok: true })
    expect(await portal.runtime.db.chatMessageRow.count({ where: { meetingId: meeting.id } })).toBe(1)
    expect(seqs(chair)).toEqual([1])
  })

  it('numbers 40 commands of four people without gap or disorder, the same for all', async () => {
    const people = await Promise.all(
      [portal.actors.chair, portal.actors.secretary, portal.actors.official1, portal.actors.official2].map(
        a => sit(a),
      ),
    )
    const answers = await Promise.all(
      people.flatMap((p, i) =>
        Array.from({ length: 10 }, (_, n) => p.send({ type: 'chat_send', text: `${i}-${n}` })),
      ),
    )
    expect(answers.every(a => a.ok)).toBe(true)
    for (const person of people) {
      await eventually(() => expect(person.events).toHaveLength(40))
      expect(seqs(person)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    }
    expect(people.map(p => JSON.stringify(p.events))).toEqual(
      Array(4).fill(JSON.stringify(people[0]!.events)),
    )
    expect(await portal.runtime.db.meeting.findUnique({ where: { id: meeting.id } })).toMatchObject({
      lastSeq: 40,
    })
  })

  it('gives one who comes back what was missed, in order and before anything else, while others go on', async () => {
    const chair = await sit(portal.actors.chair)
    const { ticket } = await enter(portal.actors.official1)
    const first = connect(ticket)
    await eventually(() => expect(first.snapshots).toHaveLength(1))
    await chair.send({ type: 'chat_send', text: '1' })
    await eventually(() => expect(first.events).toHaveLength(1))
    first.close()
    const sending = Promise.all(
      Array.from({ length: 15 }, (_, n) => chair.send({ type: 'chat_send', text: `${n + 2}` })),
    )
    const back = connect(ticket, 1)
    await sending
    await eventually(() => expect(back.events.at(-1)?.seq).toBe(16))
    expect(seqs(back)).toEqual(Array.from({ length: 15 }, (_, i) => i + 2))
    expect(back.snapshots).toHaveLength(0)
  })

  it('sends a snapshot to one whose number is from another time', async () => {
    const chair = await sit(portal.actors.chair)
    await chair.send({ type: 'chat_send', text: 'x' })
    const ahead = connect((await enter(portal.actors.official1)).ticket, 99)
    await eventually(() => expect(ahead.order).toEqual(['snapshot']))
  })

  it("keeps the chair's commands from everybody else", async () => {
    const official = await sit(portal.actors.official1)
    for (const command of [
      { type: 'lock', locked: true },
      { type: 'remove', identity: 'user:US_chair' },
      { type: 'end_meeting' },
      { type: 'recording_start' },
      { type: 'mute_all' },
    ])
      expect(await official.send(command)).toMatchObject({ ok: false, code: 'moderators_only' })
    expect(await official.send({ type: 'nonsense' })).toMatchObject({ ok: false, code: 'invalid_command' })
    expect(official.events).toEqual([])
    expect(portal.livekit.calls.some(c => c.method === 'MutePublishedTrack')).toBe(false)
  })

  it('refuses forged, expired-key and foreign tickets', async () => {
    const claims = {
      kind: 'floor',
      meetingId: meeting.id,
      identity: 'user:x',
      name: 'x',
      role: 'chair',
      userId: null,
    } as const
    for (const ticket of ['', 'abc', await signTicket(claims, 'another secret of thirty-two characters!')]) {
      const client = connect(ticket)
      await eventually(() => expect(client.refusal).toBe('ticket'))
    }
  })

  it('keeps hands, and shows questions of others to moderators only', async () => {
    const [chair, official, other] = await Promise.all([
      sit(portal.actors.chair),
      sit(portal.actors.official1),
      sit(portal.actors.official2),
    ])
    await official.send({ type: 'hand_raise' })
    await official.send({ type: 'hand_raise' })
    await official.send({ type: 'question_ask', text: 'Bao giờ làm đường?' })
    await eventually(() => expect(chair.types()).toEqual(['hand_raised', 'question_asked']))
    const asked = chair.events[1]!
    if (asked.type !== 'question_asked') throw new Error(asked.type)
    await chair.send({ type: 'question_set_status', questionId: asked.question.id, status: 'answered' })
    await chair.send({ type: 'hand_lower', identity: 'user:US_official1' })
    await eventually(() =>
      expect(official.types()).toEqual(['hand_raised', 'question_asked', 'question_status', 'hand_lowered']),
    )
    await eventually(() => expect(other.types()).toEqual(['hand_raised', 'hand_lowered']))
    const again = await sit(portal.actors.official2)
    expect(again.snapshots[0]!.questions).toEqual([])
    expect((await sit(portal.actors.secretary)).snapshots[0]!.questions).toMatchObject([
      { status: 'answered' },
    ])
  })
})

describe('the chair and the media', () => {
  it('mutes one source of one person by its track, and only says what happened', async () => {
    const chair = await sit(portal.actors.chair)
    portal.livekit.addParticipant('user:US_official1')
    expect(await chair.send({ type: 'mute', identity: 'user:US_official1', source: 'camera' })).toEqual({
      ok: true,
    })
    const [call] = portal.livekit.callsOf('MutePublishedTrack')
    expect(call).toMatchObject({ room: meeting.id, identity: 'user:US_official1', muted: true })
    expect(call!.trackSid).toBe('TR_cam_user:US_official1')
    await chair.send({ type: 'mute', identity: 'user:US_official1', source: 'camera' })
    await chair.send({ type: 'mute', identity: 'user:nobody', source: 'microphone' })
    await chair.send({ type: 'ask_unmute', identity: 'user:US_official1' })
    await eventually(() => expect(chair.types()).toEqual(['muted_by_chair', 'unmute_asked']))
  })

  it('mutes all but the moderators', async () => {
    const chair = await sit(portal.actors.chair)
    for (const identity of ['user:US_chair', 'user:US_official1', 'user:US_official2'])
      portal.livekit.addParticipant(identity)
    const before = portal.livekit.callsOf('MutePublishedTrack').length
    await chair.send({ type: 'mute_all' })
    const muted = portal.livekit.callsOf('MutePublishedTrack').slice(before)
    expect(muted.map(c => c.identity).sort()).toEqual(['user:US_official1', 'user:US_official2'])
    portal.livekit.participants.clear()
  })

  it('says so when the media server is away, and the same command works later', async () => {
    const chair = await sit(portal.actors.chair)
    portal.livekit.addParticipant('user:US_official1')
    portal.livekit.isAway = true
    const command = {
      type: 'mute',
      identity: 'user:US_official1',
      source: 'microphone',
      commandId: randomUUID(),
    }
    expect(await chair.send(command)).toMatchObject({ ok: false, code: 'media_unavailable' })
    portal.livekit.isAway = false
    expect(await chair.send(command)).toEqual({ ok: true })
    await eventually(() => expect(chair.types()).toEqual(['muted_by_chair']))
    portal.livekit.participants.clear()
  })

  it('removes: everybody hears it, the socket is closed, the media is ended by a job, the door stays shut', async () => {
    const [chair, official] = [await sit(portal.actors.chair), await sit(portal.actors.official1)]
    portal.livekit.addParticipant('user:US_official1')
    await chair.send({ type: 'spotlight', identity: 'user:US_official1' })
    expect(await chair.send({ type: 'remove', identity: 'user:US_official1', reason: 'ồn' })).toEqual({
      ok: true,
    })
    await eventually(() => expect(official.socket.connected).toBe(false))
    expect(official.types()).toEqual(['spotlighted', 'spotlighted', 'removed'])
    await portal.runJobs()
    expect(portal.livekit.participants.has('user:US_official1')).toBe(false)
    await expect(enter(portal.actors.official1)).rejects.toThrow('removed')
    expect(await chair.send({ type: 'remove', identity: 'user:US_chair' })).toMatchObject({
      code: 'not_yourself',
    })
    const rows = await portal.runtime.db.auditEntry.findMany({
      where: { action: 'participant.removed', subjectId: meeting.id },
    })
    expect(rows).toMatchObject([
      { actorId: 'US_chair', detail: { identity: 'user:US_official1', reason: 'ồn' } },
    ])
  })

  it('closes the door behind an account that is disabled', async () => {
    const { ticket } = await enter(portal.actors.operator)
    const operator = connect(ticket)
    await eventually(() => expect(operator.snapshots).toHaveLength(1))
    portal.livekit.addParticipant('user:US_operator')
    await setUserDisabled(portal.actors.admin, 'US_operator', true)
    try {
      await eventually(() => expect(operator.socket.connected).toBe(false))
      await portal.runJobs()
      expect(portal.livekit.participants.has('user:US_operator')).toBe(false)
      const back = connect(ticket)
      await eventually(() => expect(back.refusal).toBe('ticket'))
    } finally {
      await setUserDisabled(portal.actors.admin, 'US_operator', false)
    }
  })

  it('takes no command of somebody who does not chair any more, on a socket that stayed open', async () => {
    const chair = await sit(portal.actors.chair)
    await portal.runtime.db.meeting.update({ where: { id: meeting.id }, data: { chairId: 'US_official2' } })
    expect(await chair.send({ type: 'lock', locked: true })).toMatchObject({ ok: false, code: 'forbidden' })
    expect(await chair.send({ type: 'mute_all' })).toMatchObject({ ok: false, code: 'forbidden' })
    expect((await portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: meeting.id } })).locked).toBe(
      false,
    )
  })

  it('brings back with a new ticket whoever becomes the chair, and whoever was', async () => {
    const [chair, next] = [await sit(portal.actors.chair), await sit(portal.actors.official2)]
    const form = meetingForm({ chairId: 'US_official2', userIds: ['US_chair'] })
    expect(await updateMeeting(portal.actors.clerk, meeting.id, form)).toMatchObject({ ok: true })
    await eventually(() => expect([chair.socket.connected, next.socket.connected]).toEqual([false, false]))
    expect((await sit(portal.actors.official2)).snapshots[0]!.you.role).toBe('chair')
    expect((await sit(portal.actors.chair)).snapshots[0]!.you.role).toBe('delegate')
  })

  it('ends for all: state, lobby, recording and room', async () => {
    const chair = await sit(portal.actors.chair)
    const guest = await enter(null)
    const waiting = connect(guest.ticket)
    await eventually(() => expect(waiting.socket.connected).toBe(true))
    await chair.send({ type: 'recording_start' })
    expect(await chair.send({ type: 'end_meeting' })).toEqual({ ok: true })
    await eventually(() => expect(waiting.lobbyResults).toEqual([false]))
    await eventually(() => expect(chair.types().at(-1)).toBe('meeting_ended'))
    expect(await chair.send({ type: 'chat_send', text: 'x' })).toMatchObject({
      ok: false,
      code: 'meeting_over',
    })
    await portal.runJobs()
    expect(portal.livekit.callsOf('StopEgress')).toHaveLength(1)
    expect(portal.livekit.callsOf('DeleteRoom').map(c => c.room)).toContain(meeting.id)
  })
})

describe('the lobby', () => {
  it('lets a guest wait, be seen by moderators only, be admitted and come in', async () => {
    const [chair, official] = [await sit(portal.actors.chair), await sit(portal.actors.official1)]
    const deviceId = device()
    const asked = await enter(null, { deviceId })
    const waiting = connect(asked.ticket)
    await eventually(() => expect(chair.types()).toEqual(['lobby_requested']))
    expect(await waiting.send({ type: 'chat_send', text: 'x' })).toMatchObject({
      ok: false,
      code: 'forbidden',
    })
    if (asked.status !== 'waiting') throw new Error(asked.status)
    expect(await chair.send({ type: 'lobby_admit', requestId: asked.requestId })).toEqual({ ok: true })
    await eventually(() => expect(waiting.lobbyResults).toEqual([true]))
    expect((await enter(null, { deviceId })).status).toBe('admitted')
    expect(await chair.send({ type: 'lobby_deny', requestId: asked.requestId })).toMatchObject({
      code: 'already_settled',
    })
    expect(official.events).toEqual([])
  })

  it('tells the decision to one whose link was down when it was made', async () => {
    const chair = await sit(portal.actors.chair)
    const asked = await enter(null)
    await chair.send({ type: 'lobby_admit_all' })
    const late = connect(asked.ticket)
    await eventually(() => expect(late.lobbyResults).toEqual([true]))
  })
})

describe('viewers', () => {
  it('are counted for all, and may do only what the chair opens', async () => {
    const chair = await sit(portal.actors.chair)
    const viewer = await sit(null, { as: 'viewer' })
    await eventually(() => expect(chair.viewers).toEqual([1]))
    expect(await viewer.send({ type: 'question_ask', text: 'Tại sao?', name: 'Ông Ba' })).toMatchObject({
      code: 'viewers_may_not_ask',
    })
    await chair.send({ type: 'set_options', viewersMayAsk: true })
    expect(await viewer.send({ type: 'question_ask', text: 'Tại sao?' })).toEqual({ ok: true })
    viewer.close()
    await eventually(() => expect(chair.viewers).toEqual([1, 0]))
  })

  it('cannot bury the moderators in questions', async () => {
    await portal.runtime.db.meeting.update({ where: { id: meeting.id }, data: { viewersMayAsk: true } })
    const viewer = await sit(null, { as: 'viewer' })
    await portal.runtime.db.questionRow.createMany({
      data: Array.from({ length: 20 }, (_, i) => ({
        id: `QU_${meeting.id}_${i}`,
        meetingId: meeting.id,
        identity: viewer.snapshots[0]!.you.identity,
        name: '',
        text: 'x',
        at: new Date(),
      })),
    })
    expect(await viewer.send({ type: 'question_ask', text: 'Nữa?' })).toMatchObject({ code: 'rate_limited' })
  })

  it('cannot flood by opening many sockets', async () => {
    const { ticket } = await enter(portal.actors.chair)
    const sockets = Array.from({ length: 4 }, () => connect(ticket))
    await eventually(() => expect(sockets.every(s => s.snapshots.length === 1)).toBe(true))
    const answers = await Promise.all(
      sockets.flatMap(s => Array.from({ length: 10 }, () => s.send({ type: 'hand_raise' }))),
    )
    expect(answers.filter(a => a.ok).length).toBeLessThanOrEqual(30)
  })

  it('cannot flood: beyond the burst commands are refused', async () => {
    const chair = await sit(portal.actors.chair)
    const answers = await Promise.all(Array.from({ length: 40 }, () => chair.send({ type: 'hand_raise' })))
    const refused = answers.filter(a => !a.ok && a.code === 'rate_limited').length
    expect(refused).toBeGreaterThanOrEqual(10)
    expect(refused).toBeLessThanOrEqual(20)
  })
})

describe('recording from the floor', () => {
  it('starts once, and a recorder that is away is said to everybody', async () => {
    const chair = await sit(portal.actors.chair)
    expect(await chair.send({ type: 'recording_start', layout: 'grid' })).toEqual({ ok: true })
    expect(await chair.send({ type: 'recording_start' })).toMatchObject({ code: 'already_recording' })
    await eventually(() =>
      expect(chair.events.map(e => (e.type === 'recording' ? e.recording.status : e.type))).toEqual([
        'requested',
        'starting',
      ]),
    )
    expect(await chair.send({ type: 'recording_stop' })).toEqual({ ok: true })
    expect(await chair.send({ type: 'recording_stop' })).toMatchObject({ code: 'not_recording' })
    portal.livekit.isAway = true
    expect(await chair.send({ type: 'recording_start' })).toMatchObject({
      ok: false,
      code: 'recording_failed',
    })
    portal.livekit.isAway = false
    const last = (
      await portal.runtime.db.recording.findMany({
        where: { meetingId: meeting.id },
        orderBy: { requestedAt: 'desc' },
      })
    )[0]
    expect(last).toMatchObject({ status: 'failed', error: 'not_started' })
  })

  it('is stopped twice without complaint: by the room that closed first, and by the chair', async () => {
    const chair = await sit(portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    const { db } = portal.runtime
    const row = await db.recording.findFirstOrThrow({ where: { meetingId: meeting.id } })
    portal.livekit.egresses.get(row.egressId!)!.status = EgressStatus.EGRESS_ENDING
    portal.livekit.egresses.get(row.egressId!)!.details = 'composing 5'
    await chair.send({ type: 'recording_stop' })
    await portal.runJobs()
    expect(await db.recording.findUnique({ where: { id: row.id } })).toMatchObject({ status: 'composing' })
    expect(await db.job.findMany({ where: { kind: 'stop_recording', status: 'queued' } })).toEqual([])
  })

  it('is stopped again by the sweep when the recorder forgot that it was', async () => {
    const chair = await sit(portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    await chair.send({ type: 'recording_stop' })
    await portal.runJobs()
    const { db } = portal.runtime
    const row = await db.recording.findFirstOrThrow({ where: { meetingId: meeting.id } })
    // Killed after its answer, before it wrote the end down; the next process went on.
    const info = portal.livekit.egresses.get(row.egressId!)!
    info.status = EgressStatus.EGRESS_ACTIVE
    await db.recording.update({ where: { id: row.id }, data: { updatedAt: new Date(0) } })
    await sweepMeetings(portal.runtime)
    expect(info.status).toBe(EgressStatus.EGRESS_ENDING)
  })

  it('is taken on by the sweep when this process died before it wrote the answer down', async () => {
    const { db } = portal.runtime
    const at = new Date(0)
    const lost = await db.recording.create({
      data: { id: `RC_${meeting.id}`, meetingId: meeting.id, requestedById: 'x', updatedAt: at },
    })
    const info = await portal.runtime.media.startRecording(meeting.id, 'speaker')
    await sweepMeetings(portal.runtime)
    expect(await db.recording.findUnique({ where: { id: lost.id } })).toMatchObject({
      status: 'starting',
      egressId: info.egressId,
    })
  })

  it('fails with its reason when the recorder never began and stays away', async () => {
    const chair = await sit(portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    const { db } = portal.runtime
    const long = new Date(Date.now() - 600_000)
    await db.recording.updateMany({
      where: { meetingId: meeting.id },
      data: { updatedAt: long, requestedAt: long },
    })
    portal.livekit.isAway = true
    await sweepMeetings(portal.runtime)
    portal.livekit.isAway = false
    expect(await db.recording.findFirst({ where: { meetingId: meeting.id } })).toMatchObject({
      status: 'failed',
      error: 'recorder_away',
    })
  })

  it('is failed by the sweep when the recorder has lost it', async () => {
    const chair = await sit(portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    const { db } = portal.runtime
    await db.recording.updateMany({ where: { meetingId: meeting.id }, data: { updatedAt: new Date(0) } })
    portal.livekit.egresses.clear()
    await sweepMeetings(portal.runtime)
    expect(await db.recording.findFirst({ where: { meetingId: meeting.id } })).toMatchObject({
      status: 'failed',
      error: 'lost_by_recorder',
    })
    await eventually(() => expect(chair.types().at(-1)).toBe('recording'))
  })
})

describe('time', () => {
  it('ends a meeting that is over and empty, not one with people in it', async () => {
    const { db } = portal.runtime
    const past = { startsAt: new Date(Date.now() - 7_200_000), endsAt: new Date(Date.now() - 600_000) }
    await db.meeting.update({ where: { id: meeting.id }, data: { ...past, status: 'live' } })
    await enter(portal.actors.official1)
    await sweepMeetings(portal.runtime)
    expect((await db.meeting.findUniqueOrThrow({ where: { id: meeting.id } })).status).toBe('live')
    await db.meetingParticipant.updateMany({
      where: { meetingId: meeting.id },
      data: { lastJoinAt: past.startsAt },
    })
    await sweepMeetings(portal.runtime)
    expect((await db.meeting.findUniqueOrThrow({ where: { id: meeting.id } })).status).toBe('ended')
  })
})
