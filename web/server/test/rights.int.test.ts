import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { changePassword } from '../accounts/change-password.ts'
import { revokeSessions } from '../accounts/revoke-sessions.ts'
import { saveUser } from '../accounts/save-user.ts'
import { setUserDisabled } from '../accounts/set-user-disabled.ts'
import { endExpiredSessions } from '../floor/end-rights.ts'
import { cancelMeeting } from '../meetings/cancel-meeting.ts'
import { updateMeeting } from '../meetings/update-meeting.ts'
import { removeHall } from '../organisation/remove-hall.ts'
import type { Actor } from '../types.ts'
import { floorSuite } from './floor-suite.ts'
import { device, eventually, meetingForm, PASSWORD } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit } = floor
const db = () => floor.portal.runtime.db
const identity = 'user:US_official1'

afterEach(async () => {
  floor.portal.livekit.participants.clear()
  await db().user.update({
    where: { id: 'US_official1' },
    data: { disabledAt: null, role: 'official', hallId: 'HA_1' },
  })
  await db().hall.updateMany({ data: { validTo: null } })
  await floor.portal.signIn('official1')
})

const account = (over: Record<string, unknown>) => ({
  id: 'US_official1',
  name: 'Ông official1',
  email: 'official1@test.local',
  role: 'official',
  title: '',
  unitId: null,
  hallId: 'HA_1',
  password: null,
  ...over,
})

/** Every way the right of an invited official can end. */
const endings: [string, (actors: Record<string, Actor>) => Promise<unknown>][] = [
  ['all sessions revoked by an administrator', a => revokeSessions(a.admin!, { userId: 'US_official1' })],
  [
    'signing out everywhere else, from another device',
    a => revokeSessions(a.official1!, { othersThan: 'SE_other' }),
  ],
  ['this session revoked', a => revokeSessions(a.official1!, { sessionId: 'SE_official1' })],
  [
    'the own password changed, on another device',
    a => changePassword(a.official1!, { current: PASSWORD, next: 'another horse battery 1' }, 'SE_other'),
  ],
  ['a password set by an administrator', a => saveUser(a.admin!, account({ password: PASSWORD }))],
  ['the account disabled', a => setUserDisabled(a.admin!, 'US_official1', true)],
  ['another hall given to the account', a => saveUser(a.admin!, account({ hallId: 'HA_3' }))],
  ['the hall removed', a => removeHall(a.admin!, 'HA_1')],
  [
    'the hall taken off the meeting',
    a => updateMeeting(a.clerk!, floor.meeting.id, meetingForm({ hallIds: ['HA_2'] })),
  ],
  [
    'the session deleted behind our back',
    async () => {
      await db().session.deleteMany({ where: { id: 'SE_official1' } })
      await endExpiredSessions(floor.portal.runtime)
    },
  ],
  [
    'the session run out',
    async () => {
      await db().session.update({ where: { id: 'SE_official1' }, data: { expiresAt: new Date(0) } })
      await endExpiredSessions(floor.portal.runtime)
    },
  ],
]

describe('a right that ends', () => {
  it.each(endings)('%s: socket, media, tokens and ticket end with it', async (_name, end) => {
    const { ticket } = await enter(floor.portal.actors.official1)
    const official = connect(ticket)
    await eventually(() => expect(official.snapshots).toHaveLength(1))
    const chair = await sit(floor.portal.actors.chair)
    floor.portal.livekit.addParticipant(identity)
    // The chair meets the place of somebody present by webhook; here the row of the presence is written by hand.
    await db().presenceEvent.create({
      data: {
        id: `PE_${crypto.randomUUID()}`,
        eventId: crypto.randomUUID(),
        meetingId: floor.meeting.id,
        kind: 'joined',
        identity,
        participantId: 'PA_1',
        name: '',
        role: 'delegate',
        hall: '',
        unit: '',
        endpointId: '',
        attends: true,
        at: new Date(),
      },
    })
    const before = Math.floor(Date.now() / 1000)
    await end(floor.portal.actors as Record<string, Actor>)
    expect(await official.send({ type: 'chat_send', text: 'x' })).toMatchObject({
      ok: false,
      code: 'forbidden',
    })
    await floor.portal.runJobs()
    await eventually(() => expect(official.socket.connected).toBe(false))
    const removal = floor.portal.livekit
      .callsOf('RemoveParticipant')
      .filter(call => call.room === floor.meeting.id && call.identity === identity)
      .at(-1)
    expect(Number(removal?.revokeTokenTs)).toBeGreaterThan(before)
    expect(floor.portal.livekit.participants.has(identity)).toBe(false)
    const back = connect(ticket)
    await eventually(() => expect(back.refusal).toBe('ticket'))
    expect(chair.socket.connected).toBe(true)
  })

  it('of one device leaves the other device of the account where it is', async () => {
    const other = { ...floor.portal.actors.official1, sessionId: 'SE_second' }
    await db().session.create({
      data: {
        id: 'SE_second',
        token: 'second',
        userId: other.userId,
        expiresAt: new Date(Date.now() + 60_000),
      },
    })
    const first = await sit(floor.portal.actors.official1)
    const second = await sit(other)
    await revokeSessions(other, { sessionId: 'SE_official1' })
    await floor.portal.runJobs()
    await eventually(() => expect(first.socket.connected).toBe(false))
    expect(second.socket.connected).toBe(true)
    const removals = floor.portal.livekit
      .callsOf('RemoveParticipant')
      .filter(c => c.room === floor.meeting.id)
    expect(removals).toEqual([])
  })

  it('of guests and viewers, when they are wanted no more', async () => {
    const admitted = await db().meeting.update({ where: { id: floor.meeting.id }, data: { lobby: false } })
    expect(admitted.lobby).toBe(false)
    const guest = await sit(null)
    const viewer = await sit(null, { as: 'viewer', deviceId: device() })
    const form = meetingForm({ guestsAllowed: false, watchAllowed: false })
    expect(await updateMeeting(floor.portal.actors.clerk, floor.meeting.id, form)).toMatchObject({ ok: true })
    await floor.portal.runJobs()
    await eventually(() => expect([guest.socket.connected, viewer.socket.connected]).toEqual([false, false]))
  })

  it('of a meeting: its sockets close, and its tickets read nothing', async () => {
    const { ticket } = await enter(floor.portal.actors.official1)
    const official = connect(ticket)
    await eventually(() => expect(official.snapshots).toHaveLength(1))
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'end_meeting' })
    await eventually(() => expect(official.types()).toEqual(['meeting_ended']))
    await floor.portal.runJobs()
    await eventually(() =>
      expect([official.socket.connected, chair.socket.connected]).toEqual([false, false]),
    )
    const late = connect(ticket)
    await eventually(() => expect(late.refusal).toBe('ticket'))
    expect(late.snapshots).toEqual([])
  })

  it('of a cancelled meeting, for who rehearsed in it', async () => {
    const { ticket } = await enter(floor.portal.actors.chair)
    const chair = connect(ticket)
    await eventually(() => expect(chair.snapshots).toHaveLength(1))
    await db().meeting.update({ where: { id: floor.meeting.id }, data: { status: 'scheduled' } })
    await cancelMeeting(floor.portal.actors.clerk, floor.meeting.id, '')
    await floor.portal.runJobs()
    await eventually(() => expect(chair.socket.connected).toBe(false))
    const late = connect(ticket)
    await eventually(() => expect(late.refusal).toBe('ticket'))
  })

  it('waits at the door, too: a lobby ticket dies with its session', async () => {
    const waiting = await enter(floor.portal.actors.stranger)
    expect(waiting.status).toBe('waiting')
    const client = connect(waiting.ticket)
    await eventually(() => expect(client.socket.connected).toBe(true))
    await revokeSessions(floor.portal.actors.admin, { userId: 'US_stranger' })
    await floor.portal.runJobs()
    await eventually(() => expect(client.socket.connected).toBe(false))
    await floor.portal.signIn('stranger')
  })

  it('names its session in the media token by a mark only', async () => {
    const result = await enter(floor.portal.actors.official1)
    if (result.status !== 'admitted') throw new Error(result.status)
    const { attributes } = decodeJwt<{ attributes: Record<string, string> }>(result.token)
    expect(attributes.session).toMatch(/^[\w-]{16}$/)
    expect(JSON.stringify(attributes)).not.toContain('SE_official1')
  })
})
