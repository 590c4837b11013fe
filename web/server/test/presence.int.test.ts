/** Who is present: by webhooks alone, the same in attendance, capacity, places taken and the end of an empty meeting. */
import { newId } from '@diemcau/core/ids.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { getAttendance } from '../attendance/get-attendance.ts'
import { identitiesWithPlace, presentIdentities } from '../meetings/presence-count.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { sweepMeetings } from '../meetings/sweep-meetings.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'
import { meetingForm, startPortal, type TestPortal } from './portal.ts'
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

/** A webhook about one connection, `at` seconds after the start; `over` as in livekit.ParticipantInfo. */
async function tell(event: string, identity: string, at: number, over: Record<string, unknown> = {}) {
  const { body, authorization } = await signWebhook({
    id: newId<string>('EV_'),
    event,
    createdAt: String(start / 1000 + at),
    room: { name: meetingId, sid: 'RM_1' },
    participant: {
      sid: `PA_${identity}`,
      identity,
      joinedAt: String(start / 1000),
      attributes: { role: 'delegate', hall: 'Hội trường 1', unit: 'UBND tỉnh', endpointId: '' },
      ...over,
    },
  })
  return await receiveWebhook(body, authorization)
}
const present = async () => [...(await presentIdentities(portal.runtime.db, meetingId))].sort()
const attendance = async () => await getAttendance(portal.actors.clerk, meetingId)
const statusOf = async () =>
  (await portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: meetingId } })).status

describe('presence', () => {
  it('is no matter of trying: a hall that never connects is absent everywhere', async () => {
    const [endpoint] = await portal.runtime.db.meetingEndpoint.findMany({ where: { meetingId } })
    const attributes = { role: 'delegate', hall: 'Hội trường 1', unit: '', endpointId: endpoint!.id }
    for (const at of [10, 20, 30])
      await tell('participant_connection_aborted', 'user:US_official1', at, { sid: `PA_${at}`, attributes })
    expect(await present()).toEqual([])
    expect((await attendance()).totals).toMatchObject({ present: 0, absent: 2, people: 0 })
    expect(await statusOf()).toBe('scheduled')
    // Written down all the same: what the media server said is kept.
    expect(await portal.runtime.db.presenceEvent.count({ where: { meetingId, kind: 'aborted' } })).toBe(3)
    await tell('participant_joined', 'user:US_official1', 40, { sid: 'PA_ok', attributes })
    expect(await present()).toEqual(['user:US_official1'])
    expect((await attendance()).totals).toMatchObject({ present: 1, absent: 1, people: 1 })
  })

  it('is for halls and people: what only serves them is written down and not counted', async () => {
    await tell('participant_joined', 'user:US_official1', 1)
    const servants: [string, Record<string, unknown>][] = [
      ['camera-1', { kind: 'INGRESS' }],
      ['egress', { kind: 'EGRESS' }],
      ['phone', { kind: 'SIP' }],
      ['notes', { kind: 'AGENT' }],
      ['shadow', { permission: { hidden: true } }],
      ['tape', { permission: { recorder: true } }],
      ['user:US_official1#camera2', {}],
      ['viewer:x', { attributes: { role: 'viewer' } }],
    ]
    for (const [identity, over] of servants) await tell('participant_joined', identity, 2, over)
    expect(await present()).toEqual(['user:US_official1'])
    expect([...(await identitiesWithPlace(portal.runtime.db, meetingId))]).toEqual(['user:US_official1'])
    expect((await attendance()).totals.people).toBe(1)
    expect((await attendance()).others.map(p => p.identity)).toEqual(['user:US_official1'])
    expect(await portal.runtime.db.presenceEvent.count({ where: { meetingId } })).toBe(9)
  })

  it('of servants alone begins no meeting and keeps none open', async () => {
    await tell('participant_joined', 'camera-1', 1, { kind: 'INGRESS' })
    expect(await statusOf()).toBe('scheduled')
    const over = new Date(start + 3_600_000 + 6 * 60_000)
    await sweepMeetings(portal.runtime, over)
    expect(await statusOf()).toBe('ended')
  })
})
