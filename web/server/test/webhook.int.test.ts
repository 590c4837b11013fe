import { newId } from '@diemcau/core/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { exportAttendance } from '../attendance/export-attendance.ts'
import { getAttendance } from '../attendance/get-attendance.ts'
import { sessionMark } from '../media/mint-join-token.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'
import { device, meetingForm, origin, startPortal, type TestPortal } from './portal.ts'
import { signWebhook } from './sign-webhook.ts'

let postgres: TempPostgres
let portal: TestPortal
let meetingId: string
const start = Math.floor(Date.now() / 1000) * 1000
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})
beforeEach(async () => {
  const form = meetingForm({ startsAt: new Date(start).toISOString() })
  const result = await scheduleMeeting(portal.actors.clerk, form)
  if (!result.ok) throw new Error('not scheduled')
  meetingId = result.id
})

/** `at` in seconds after the start; a join's milliseconds are in the participant. */
function presence(
  event: 'participant_joined' | 'participant_left',
  sid: string,
  at: number,
  joinedAt: number,
  identity = 'user:US_official1',
) {
  return {
    id: newId<string>('EV_'),
    event,
    createdAt: String(Math.floor(start / 1000 + at)),
    room: { name: meetingId, sid: 'RM_1' },
    participant: {
      sid,
      identity,
      name: 'Hội trường 1 – UBND tỉnh',
      joinedAt: String(Math.floor(start / 1000 + joinedAt)),
      joinedAtMs: String(start + joinedAt * 1000),
      attributes: { role: 'delegate', hall: 'Hội trường 1', unit: 'UBND tỉnh', endpointId: '', order: '11' },
    },
  }
}
async function deliver(event: Record<string, unknown>, secret?: string): Promise<string> {
  const { body, authorization } = await signWebhook(event, secret)
  return await receiveWebhook(body, authorization)
}
async function joinAs(who: 'official1'): Promise<void> {
  const { code } = await portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: meetingId } })
  await joinMeeting(code, { as: 'participant', deviceId: device() }, portal.actors[who], origin)
}
const rows = () => portal.runtime.db.presenceEvent.findMany({ where: { meetingId }, orderBy: { at: 'asc' } })

describe('webhooks', () => {
  it('writes presence once, however often and at once an event is delivered', async () => {
    const joined = presence('participant_joined', 'PA_1', 2, 2.345)
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => deliver(joined)))
    expect(outcomes.sort()).toEqual(['applied', 'duplicate', 'duplicate', 'duplicate', 'duplicate'])
    expect(await deliver(joined)).toBe('duplicate')
    expect(await rows()).toMatchObject([
      { kind: 'joined', participantId: 'PA_1', at: new Date(start + 2345), identity: 'user:US_official1' },
    ])
    expect(await portal.runtime.db.meeting.findUnique({ where: { id: meetingId } })).toMatchObject({
      status: 'live',
    })
  })

  it('refuses a wrong key, an altered body and no signature, and writes nothing', async () => {
    const event = presence('participant_joined', 'PA_1', 0, 0)
    await expect(deliver(event, 'another-secret')).rejects.toMatchObject({ code: 'invalid_signature' })
    const { body, authorization } = await signWebhook(event)
    await expect(receiveWebhook(body.replace('PA_1', 'PA_2'), authorization)).rejects.toMatchObject({
      code: 'invalid_signature',
    })
    await expect(receiveWebhook(body, null)).rejects.toMatchObject({ code: 'invalid_signature' })
    expect(await rows()).toEqual([])
    expect(await portal.runtime.db.webhookInbox.findUnique({ where: { eventId: event.id } })).toBeNull()
  })

  it('computes the same attendance when events come out of order', async () => {
    const events = [
      presence('participant_joined', 'PA_1', 0, 0.5),
      presence('participant_left', 'PA_1', 60, 0.5),
      presence('participant_joined', 'PA_2', 70, 70.25),
      presence('participant_left', 'PA_2', 100, 70.25),
      presence('participant_joined', 'PA_3', 400, 400),
    ]
    for (const event of [events[3]!, events[4]!, events[0]!, events[2]!, events[1]!, events[3]!])
      await deliver(event)
    const [person] = (await getAttendance(portal.actors.clerk, meetingId)).others
    expect(person!.intervals).toEqual([
      { from: new Date(start + 500).toISOString(), to: new Date(start + 100_000).toISOString() },
      { from: new Date(start + 400_000).toISOString(), to: null },
    ])
  })

  it('takes an event of a room it does not know once and for all', async () => {
    const event = { ...presence('participant_joined', 'PA_1', 0, 0), room: { name: 'somebody-elses' } }
    expect(await deliver(event)).toBe('unknown_room')
    expect(await rows()).toEqual([])
  })

  it('does not let presence be rewritten, by anybody', async () => {
    await deliver(presence('participant_joined', 'PA_1', 0, 0))
    await expect(
      portal.runtime.db.presenceEvent.updateMany({ where: { meetingId }, data: { at: new Date(0) } }),
    ).rejects.toThrow(/permission denied/)
  })

  it('puts out whoever comes back on an old token after being removed', async () => {
    const identity = 'user:US_official2'
    await portal.runtime.db.removedIdentity.create({ data: { meetingId, identity, byId: 'x' } })
    portal.livekit.addParticipant(identity)
    await deliver(presence('participant_joined', 'PA_9', 1, 1, identity))
    await portal.runJobs()
    expect(portal.livekit.participants.has(identity)).toBe(false)
  })

  it('puts out whoever comes back on an old token after the account was disabled', async () => {
    const { db } = portal.runtime
    await joinAs('official1')
    await db.user.update({ where: { id: 'US_official1' }, data: { disabledAt: new Date() } })
    try {
      portal.livekit.addParticipant('user:US_official1')
      await deliver(presence('participant_joined', 'PA_9', 1, 1))
      await portal.runJobs()
      expect(portal.livekit.participants.has('user:US_official1')).toBe(false)
    } finally {
      await db.user.update({ where: { id: 'US_official1' }, data: { disabledAt: null } })
    }
  })

  it('puts out whoever comes on a token of a session that has ended, while its owner sits in another one', async () => {
    const { db } = portal.runtime
    const { userId, sessionId } = portal.actors.official1
    const { id: earlier } = await db.session.create({
      data: { id: newId('SE_'), userId, token: newId('TK_'), expiresAt: new Date(Date.now() + 3_600_000) },
    })
    await joinAs('official1')
    const comesWith = async (sid: string, session: string | null): Promise<boolean> => {
      portal.livekit.addParticipant('user:US_official1')
      const event = presence('participant_joined', sid, 1, 1)
      if (session !== null) Object.assign(event.participant.attributes, { session: sessionMark(session) })
      expect(await deliver(event)).toBe('applied')
      await portal.runJobs()
      return portal.livekit.participants.has('user:US_official1')
    }
    try {
      // Two sessions, of an office and a phone: both tokens are good, and so is one that names none.
      expect(await comesWith('PA_own', sessionId)).toBe(true)
      expect(await comesWith('PA_other', earlier)).toBe(true)
      expect(await comesWith('PA_unnamed', null)).toBe(true)
      await db.session.delete({ where: { id: earlier } })
      expect(await comesWith('PA_ended', earlier)).toBe(false)
      await db.session.create({
        data: { id: earlier, userId, token: newId('TK_'), expiresAt: new Date(Date.now() - 1_000) },
      })
      expect(await comesWith('PA_expired', earlier)).toBe(false)
      const foreign = portal.actors.official2.sessionId
      expect(await comesWith('PA_foreign', foreign)).toBe(false)
      expect(await comesWith('PA_again', sessionId)).toBe(true)
    } finally {
      await db.session.deleteMany({ where: { id: earlier } })
    }
  })

  it('closes a room that an old token opens again after the meeting', async () => {
    await portal.runtime.db.meeting.update({ where: { id: meetingId }, data: { status: 'ended' } })
    await deliver(presence('participant_joined', 'PA_9', 1, 1))
    await portal.runJobs()
    expect(portal.livekit.callsOf('DeleteRoom').map(call => call.room)).toContain(meetingId)
  })

  it('asks for an event again when something else than its own id was in the way', async () => {
    const { db } = portal.runtime
    const event = presence('participant_joined', 'PA_1', 0, 0)
    // A presence row of this event without its inbox entry: the unique index refuses the second one.
    await deliver(event)
    await db.webhookInbox.delete({ where: { eventId: event.id } })
    await expect(deliver(event)).rejects.toMatchObject({ code: 'P2002' })
    expect(await db.webhookInbox.findUnique({ where: { eventId: event.id } })).toBeNull()
  })

  it('ends a capture whose start was taken for failed, and removes what it left', async () => {
    const egress = (status: string, over: Record<string, unknown> = {}) => ({
      id: newId<string>('EV_'),
      event: 'egress_updated',
      createdAt: String(start / 1000),
      egressInfo: { egressId: 'EG_stray', roomName: meetingId, status, ...over },
    })
    await deliver(egress('EGRESS_ACTIVE'))
    await portal.runJobs()
    expect(portal.livekit.callsOf('StopEgress').map(call => call.egressId)).toEqual(['EG_stray'])
    await deliver(egress('EGRESS_COMPLETE', { fileResults: [{ location: 'http://x/files/EG_stray' }] }))
    const [job] = await portal.runtime.db.job.findMany({ where: { kind: 'delete_recording_file' } })
    expect(job!.payload).toMatchObject({ location: 'http://x/files/EG_stray' })
    await portal.runtime.db.job.deleteMany()
  })

  it('follows a recording from webhooks, also when they overtake the answer to the start', async () => {
    const { db } = portal.runtime
    await db.recording.create({ data: { id: newId('RC_'), meetingId, requestedById: 'US_chair' } })
    const egress = (status: string, over: Record<string, unknown> = {}) => ({
      id: newId<string>('EV_'),
      event: status === 'EGRESS_COMPLETE' ? 'egress_ended' : 'egress_updated',
      createdAt: String(start / 1000),
      egressInfo: { egressId: `EG_${meetingId}`, roomName: meetingId, status, ...over },
    })
    await deliver(egress('EGRESS_ACTIVE', { startedAt: String(start * 1_000_000) }))
    const late = egress('EGRESS_ENDING', { details: 'composing 40' })
    await deliver(egress('EGRESS_ENDING', { details: 'composing 70' }))
    await deliver(late)
    const file = { location: 'http://x/files/EG/recording.mp4', duration: '60000000000', size: '1000' }
    await deliver(egress('EGRESS_COMPLETE', { fileResults: [file] }))
    await deliver(egress('EGRESS_ACTIVE'))
    expect(await db.recording.findFirst({ where: { meetingId } })).toMatchObject({
      status: 'ready',
      egressId: `EG_${meetingId}`,
      durationMs: 60_000,
      sizeBytes: 1000n,
      progress: 100,
    })
    const events = await db.floorEventRow.findMany({ where: { meetingId }, orderBy: { seq: 'asc' } })
    expect(events.map(e => (e.body as { recording: { status: string } }).recording.status)).toEqual([
      'recording',
      'composing',
      'ready',
    ])
  })
})

describe('attendance', () => {
  it('is read by those who may, and every read and export leaves an audit row', async () => {
    const joined = await joinMeeting(meetingId, { as: 'viewer', deviceId: device() }, null, origin)
    expect(joined).toEqual({ status: 'refused', reason: 'not_found' })
    await deliver(presence('participant_joined', 'PA_1', 0, 0))
    for (const who of ['clerk', 'admin', 'chair', 'secretary'] as const)
      expect((await getAttendance(portal.actors[who], meetingId)).totals.planned).toBe(2)
    await expect(getAttendance(portal.actors.official1, meetingId)).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(getAttendance(portal.actors.stranger, meetingId)).rejects.toMatchObject({
      code: 'not_found',
    })
    const file = await exportAttendance(portal.actors.chair, meetingId, 'xlsx', 'vi')
    expect(Buffer.from(file.body.slice(0, 2)).toString()).toBe('PK')
    const csv = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      (await exportAttendance(portal.actors.chair, meetingId, 'csv', 'vi')).body,
    )
    expect(csv.startsWith('\ufeff')).toBe(true)
    expect(csv).toContain('Hội trường 1 – UBND tỉnh')
    const audit = await portal.runtime.db.auditEntry.findMany({
      where: { subjectId: meetingId, action: { startsWith: 'attendance.' } },
      orderBy: [{ at: 'asc' }, { id: 'asc' }],
    })
    expect(audit.map(a => a.action).sort()).toEqual([
      ...Array(2).fill('attendance.exported'),
      ...Array(4).fill('attendance.read'),
    ])
    expect(audit.map(a => a.actorId).sort()).toEqual([
      'US_admin',
      'US_chair',
      'US_chair',
      'US_chair',
      'US_clerk',
      'US_secretary',
    ])
  })
})
