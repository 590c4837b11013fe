import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signTicket } from '../floor/ticket.ts'
import { sweepMeetings } from '../meetings/sweep-meetings.ts'
import type { FloorClient } from './floor-client.ts'
import { floorSuite } from './floor-suite.ts'
import { device, eventually } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit } = floor
const seqs = (client: FloorClient): number[] => client.events.map(e => e.seq)

describe('the floor', () => {
  it('carries a chat message to everybody and keeps it', async () => {
    const [chair, official] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.official1)]
    expect(await official.send({ type: 'chat_send', text: ' Xin chào ' })).toEqual({ ok: true })
    for (const client of [chair, official])
      await eventually(() =>
        expect(client.events).toMatchObject([
          { seq: 1, type: 'chat_sent', message: { text: 'Xin chào', name: 'Hội trường 1 – UBND tỉnh' } },
        ]),
      )
    const late = await sit(floor.portal.actors.official2)
    expect(late.snapshots[0]!.chat.map(m => m.text)).toEqual(['Xin chào'])
    expect(late.snapshots[0]!.you).toMatchObject({ identity: 'user:US_official2', role: 'delegate' })
  })

  it('does a command that is sent again, at once or later, only one time', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const commandId = randomUUID()
    const command = { type: 'chat_send', text: 'một lần', commandId }
    const answers = await Promise.all([chair.send(command), chair.send(command), chair.send(command)])
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }])
    const again = await sit(floor.portal.actors.chair)
    expect(await again.send(command)).toEqual({ ok: true })
    expect(
      await floor.portal.runtime.db.chatMessageRow.count({ where: { meetingId: floor.meeting.id } }),
    ).toBe(1)
    expect(seqs(chair)).toEqual([1])
  })

  it('numbers 40 commands of four people without gap or disorder, the same for all', async () => {
    const people = await Promise.all(
      [
        floor.portal.actors.chair,
        floor.portal.actors.secretary,
        floor.portal.actors.official1,
        floor.portal.actors.official2,
      ].map(a => sit(a)),
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
    expect(
      await floor.portal.runtime.db.meeting.findUnique({ where: { id: floor.meeting.id } }),
    ).toMatchObject({
      lastSeq: 40,
    })
  })

  it('gives one who comes back what was missed, in order and before anything else, while others go on', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const { ticket } = await enter(floor.portal.actors.official1)
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
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'chat_send', text: 'x' })
    const ahead = connect((await enter(floor.portal.actors.official1)).ticket, 99)
    await eventually(() => expect(ahead.order).toEqual(['snapshot']))
  })

  it("keeps the chair's commands from everybody else", async () => {
    const official = await sit(floor.portal.actors.official1)
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
    expect(floor.portal.livekit.calls.some(c => c.method === 'MutePublishedTrack')).toBe(false)
  })

  it('refuses forged, expired-key and foreign tickets', async () => {
    const claims = {
      kind: 'floor',
      meetingId: floor.meeting.id,
      identity: 'user:x',
      name: 'x',
      role: 'chair',
      userId: null,
      sessionId: null,
    } as const
    for (const ticket of ['', 'abc', await signTicket(claims, 'another secret of thirty-two characters!')]) {
      const client = connect(ticket)
      await eventually(() => expect(client.refusal).toBe('ticket'))
    }
  })

  it('keeps hands, and shows questions of others to moderators only', async () => {
    const [chair, official, other] = await Promise.all([
      sit(floor.portal.actors.chair),
      sit(floor.portal.actors.official1),
      sit(floor.portal.actors.official2),
    ])
    await official.send({ type: 'hand_raise' })
    await official.send({ type: 'hand_raise' })
    await official.send({ type: 'question_ask', text: 'Bao giờ làm đường?' })
    await eventually(() => expect(chair.typesBesideList()).toEqual(['hand_raised', 'question_asked']))
    const asked = chair.events.find(event => event.type === 'question_asked')!
    await chair.send({ type: 'question_set_status', questionId: asked.question.id, status: 'answered' })
    await chair.send({ type: 'hand_lower', identity: 'user:US_official1' })
    await eventually(() =>
      expect(official.typesBesideList()).toEqual([
        'hand_raised',
        'question_asked',
        'question_status',
        'hand_lowered',
      ]),
    )
    await eventually(() => expect(other.typesBesideList()).toEqual(['hand_raised', 'hand_lowered']))
    const again = await sit(floor.portal.actors.official2)
    expect(again.snapshots[0]!.questions).toEqual([])
    expect((await sit(floor.portal.actors.secretary)).snapshots[0]!.questions).toMatchObject([
      { status: 'answered' },
    ])
  })
})

describe('the lobby', () => {
  it('lets a guest wait, be seen by moderators only, be admitted and come in', async () => {
    const [chair, official] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.official1)]
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
    const chair = await sit(floor.portal.actors.chair)
    const asked = await enter(null)
    await chair.send({ type: 'lobby_admit_all' })
    const late = connect(asked.ticket)
    await eventually(() => expect(late.lobbyResults).toEqual([true]))
  })
})

describe('viewers', () => {
  it('are counted for all, and may do only what the chair opens', async () => {
    const chair = await sit(floor.portal.actors.chair)
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
    await floor.portal.runtime.db.meeting.update({
      where: { id: floor.meeting.id },
      data: { viewersMayAsk: true },
    })
    const viewer = await sit(null, { as: 'viewer' })
    await floor.portal.runtime.db.questionRow.createMany({
      data: Array.from({ length: 20 }, (_, i) => ({
        id: `QU_${floor.meeting.id}_${i}`,
        meetingId: floor.meeting.id,
        identity: viewer.snapshots[0]!.you.identity,
        name: '',
        text: 'x',
        at: new Date(),
      })),
    })
    expect(await viewer.send({ type: 'question_ask', text: 'Nữa?' })).toMatchObject({ code: 'rate_limited' })
  })

  it('cannot flood by opening many sockets', async () => {
    const { ticket } = await enter(floor.portal.actors.chair)
    const sockets = Array.from({ length: 4 }, () => connect(ticket))
    await eventually(() => expect(sockets.every(s => s.snapshots.length === 1)).toBe(true))
    const answers = await Promise.all(
      sockets.flatMap(s => Array.from({ length: 10 }, () => s.send({ type: 'hand_raise' }))),
    )
    expect(answers.filter(a => a.ok).length).toBeLessThanOrEqual(30)
  })

  it('cannot flood: beyond the burst commands are refused', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const answers = await Promise.all(Array.from({ length: 40 }, () => chair.send({ type: 'hand_raise' })))
    const refused = answers.filter(a => !a.ok && a.code === 'rate_limited').length
    expect(refused).toBeGreaterThanOrEqual(10)
    expect(refused).toBeLessThanOrEqual(20)
  })
})

describe('time', () => {
  it('ends a meeting that is over and empty, not one with people in it', async () => {
    const { db } = floor.portal.runtime
    const past = { startsAt: new Date(Date.now() - 7_200_000), endsAt: new Date(Date.now() - 600_000) }
    await db.meeting.update({ where: { id: floor.meeting.id }, data: { ...past, status: 'live' } })
    await enter(floor.portal.actors.official1)
    await sweepMeetings(floor.portal.runtime)
    expect((await db.meeting.findUniqueOrThrow({ where: { id: floor.meeting.id } })).status).toBe('live')
    await db.meetingParticipant.updateMany({
      where: { meetingId: floor.meeting.id },
      data: { lastJoinAt: past.startsAt },
    })
    await sweepMeetings(floor.portal.runtime)
    expect((await db.meeting.findUniqueOrThrow({ where: { id: floor.meeting.id } })).status).toBe('ended')
  })
})
