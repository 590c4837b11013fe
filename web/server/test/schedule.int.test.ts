import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { cancelMeeting } from '../meetings/cancel-meeting.ts'
import { findHallClashes } from '../meetings/find-hall-clashes.ts'
import { getMeeting } from '../meetings/get-meeting.ts'
import { listMeetings } from '../meetings/list-meetings.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { updateMeeting } from '../meetings/update-meeting.ts'
import { getMail } from '../outbox/get-mail.ts'
import { listMails } from '../outbox/list-mails.ts'
import { meetingForm, startPortal, type TestPortal } from './portal.ts'

let postgres: TempPostgres
let portal: TestPortal
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})

async function schedule(over: Record<string, unknown> = {}): Promise<string> {
  const result = await scheduleMeeting(portal.actors.clerk, meetingForm(over))
  if (!result.ok) throw new Error(JSON.stringify(result))
  return result.id
}

describe('scheduling', () => {
  it('writes meeting, endpoints, invitations, mails, jobs and an audit row at once', async () => {
    const id = await schedule({ title: 'Họp báo cáo', emails: ['Khach@Example.vn'] })
    const detail = await getMeeting(portal.actors.clerk, id)
    expect(detail.endpoints.map(e => e.hall)).toEqual(['Hội trường 1', 'Hội trường 2'])
    expect(detail.invitees.map(i => i.email).sort()).toEqual([
      'chair@test.local',
      'khach@example.vn',
      'official1@test.local',
      'official2@test.local',
      'secretary@test.local',
    ])
    expect(detail.joinUrl).toMatch(/^http:\/\/localhost:3000\/m\/[a-z]{3}-[a-z]{4}-[a-z]{3}$/)
    expect(detail.joinQr).toContain('svg')
    expect(detail.passcode).toMatch(/^\d{6}$/)
    const audit = await portal.runtime.db.auditEntry.findMany({ where: { subjectId: id } })
    expect(audit.map(a => [a.action, a.actorId])).toEqual([['meeting.scheduled', 'US_clerk']])
  })

  it('keeps mails readable with their calendar entry when there is no SMTP server', async () => {
    const id = await schedule({ title: 'Họp giữ thư' })
    await portal.runJobs()
    const mails = (await listMails(portal.actors.clerk)).filter(m => m.subject.includes('Họp giữ thư'))
    expect(mails).toHaveLength(4)
    expect(new Set(mails.map(m => m.status))).toEqual(new Set(['kept']))
    const mail = await getMail(portal.actors.admin, mails[0]!.id)
    expect(mail.ics).toContain(`UID:${id}@diemcau`)
    expect(mail.ics).toContain('BEGIN:VEVENT')
    await expect(listMails(portal.actors.official1)).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('answers faults by field and writes nothing', async () => {
    const before = await portal.runtime.db.meeting.count()
    const form = meetingForm({ title: '', chairId: 'US_nobody', endsAt: '2000-01-01T00:00:00.000Z' })
    expect(await scheduleMeeting(portal.actors.clerk, form)).toMatchObject({
      ok: false,
      fields: { title: 'too_short' },
    })
    expect(
      await scheduleMeeting(portal.actors.clerk, meetingForm({ chairId: 'US_nobody', hallIds: ['HA_9'] })),
    ).toEqual({
      ok: false,
      message: 'invalid_input',
      fields: { chairId: 'unknown_person', hallIds: 'unknown_hall' },
    })
    const backwards = meetingForm({ endsAt: meetingForm().startsAt, startsAt: meetingForm().endsAt })
    expect(await scheduleMeeting(portal.actors.clerk, backwards)).toMatchObject({
      fields: { endsAt: 'ends_before_start' },
    })
    expect(await portal.runtime.db.meeting.count()).toBe(before)
  })

  it('lets only clerks and administrators schedule', async () => {
    for (const who of ['official1', 'operator', 'stranger'] as const)
      await expect(scheduleMeeting(portal.actors[who], meetingForm())).rejects.toMatchObject({
        code: 'forbidden',
      })
  })

  it('tells people added, people taken off, and the others only of a new time', async () => {
    const id = await schedule({ title: 'Họp thay đổi', hallIds: ['HA_1'], userIds: [] })
    await portal.runJobs()
    const endpoint = (await getMeeting(portal.actors.clerk, id)).endpoints[0]!
    const mailsNow = async () =>
      (await portal.runtime.db.mail.findMany({ where: { meetingId: id }, orderBy: { createdAt: 'asc' } }))
        .map(m => `${m.subject.split(':')[0]} ${m.toAddress.split('@')[0]}`)
        .sort()
    const first = await mailsNow()
    const form = meetingForm({ title: 'Họp thay đổi', hallIds: ['HA_1', 'HA_2'], secretaryId: null })
    const { startsAt, endsAt } = await getMeeting(portal.actors.clerk, id)
    await updateMeeting(portal.actors.clerk, id, { ...form, startsAt, endsAt })
    const second = (await mailsNow()).slice()
    expect(second.filter(m => !first.includes(m))).toEqual(['Giấy mời official2', 'Hủy họp secretary'])
    await updateMeeting(portal.actors.clerk, id, {
      ...form,
      startsAt,
      endsAt: new Date(Date.parse(endsAt) + 60_000).toISOString(),
    })
    expect((await mailsNow()).filter(m => !second.includes(m))).toEqual([
      'Thay đổi chair',
      'Thay đổi official1',
      'Thay đổi official2',
    ])
    expect((await getMeeting(portal.actors.clerk, id)).endpoints[0]!.id).toBe(endpoint.id)
  })

  it('cancels once, with a calendar cancellation of a higher sequence', async () => {
    const id = await schedule({ title: 'Họp hủy' })
    await expect(cancelMeeting(portal.actors.official1, id, 'x')).rejects.toMatchObject({ code: 'forbidden' })
    await cancelMeeting(portal.actors.clerk, id, 'Mưa bão')
    const [mail] = await portal.runtime.db.mail.findMany({ where: { meetingId: id, icsMethod: 'CANCEL' } })
    expect(mail!.ics).toContain('SEQUENCE:1')
    expect(mail!.text).toContain('Mưa bão')
    await expect(cancelMeeting(portal.actors.clerk, id, 'again')).rejects.toMatchObject({
      code: 'not_editable',
    })
  })

  it('names halls that are taken at that time', async () => {
    await schedule({ title: 'Họp chiếm chỗ', hallIds: ['HA_3'] })
    const { startsAt, endsAt } = meetingForm()
    const query = { hallIds: ['HA_3'], startsAt, endsAt, exceptId: null }
    expect(await findHallClashes(portal.actors.clerk, query)).toEqual([
      { hallId: 'HA_3', title: 'Họp chiếm chỗ' },
    ])
  })
})

describe('who sees a meeting', () => {
  it('shows officials only what they are invited to, by account or by hall', async () => {
    const secret = await schedule({ title: 'Họp kín', hallIds: ['HA_2'] })
    const titles = async (who: keyof TestPortal['actors']) =>
      (await listMeetings(portal.actors[who], { scope: 'all', q: 'họp kín' })).map(m => m.title)
    expect(await titles('official2')).toEqual(['Họp kín'])
    expect(await titles('chair')).toEqual(['Họp kín'])
    expect(await titles('official1')).toEqual([])
    expect(await titles('stranger')).toEqual([])
    for (const who of ['official1', 'stranger'] as const)
      await expect(getMeeting(portal.actors[who], secret)).rejects.toMatchObject({ code: 'not_found' })
    expect((await getMeeting(portal.actors.official2, secret)).passcode).toBe('')
    expect((await getMeeting(portal.actors.chair, secret)).passcode).toMatch(/^\d{6}$/)
  })
})
