import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { getMail } from '../mail/get-mail.ts'
import { listMails } from '../mail/list-mails.ts'
import { cancelMeeting } from '../meetings/cancel-meeting.ts'
import { findClashes } from '../meetings/find-clashes.ts'
import { getMeeting } from '../meetings/get-meeting.ts'
import { listMeetings } from '../meetings/list-meetings.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { updateMeeting } from '../meetings/update-meeting.ts'
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

  it('opens questions and hands to those who watch a meeting with voters, until somebody chose otherwise', async () => {
    const { db } = portal.runtime
    const open = { viewersMayAsk: true, viewersMayRaiseHand: true }
    const closed = { viewersMayAsk: false, viewersMayRaiseHand: false }
    const id = await schedule({ kind: 'voter_contact' })
    expect(await db.meeting.findUnique({ where: { id } })).toMatchObject(open)
    const other = await schedule({ kind: 'town_hall' })
    expect(await db.meeting.findUnique({ where: { id: other } })).toMatchObject(closed)
    await updateMeeting(portal.actors.clerk, other, meetingForm({ kind: 'voter_contact' }))
    expect(await db.meeting.findUnique({ where: { id: other } })).toMatchObject(open)
    await db.meeting.update({ where: { id: other }, data: { viewersMayAsk: false } })
    await updateMeeting(portal.actors.clerk, other, meetingForm({ kind: 'voter_contact', title: 'Tên mới' }))
    expect(await db.meeting.findUnique({ where: { id: other } })).toMatchObject({ viewersMayAsk: false })
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
    expect(second.filter(m => !first.includes(m))).toEqual([
      'Giấy mời official2',
      'Thay đổi thành phần dự họp secretary',
    ])
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

  it('says in a mail about a change what it was and what it is, with a calendar entry of a higher sequence', async () => {
    const over = {
      title: 'Họp đổi giờ',
      startsAt: '2031-03-03T02:00:00.000Z',
      endsAt: '2031-03-03T04:00:00.000Z',
    }
    const id = await schedule(over)
    await updateMeeting(portal.actors.clerk, id, {
      ...meetingForm({ ...over, chairId: 'US_official2', startsAt: '2031-03-03T03:00:00.000Z' }),
    })
    const mail = await portal.runtime.db.mail.findFirstOrThrow({
      where: { meetingId: id, toAddress: 'official1@test.local', subject: { startsWith: 'Thay đổi:' } },
    })
    expect(mail.text).toMatch(/- Thời gian: 09:00.*11:00.* → .*10:00.*11:00/)
    expect(mail.text).toContain('- Chủ toạ: Ông chair → Ông official2')
    expect(mail.text).not.toContain('- Chương trình')
    expect(mail.ics).toContain('SEQUENCE:1')
    expect(mail.ics).toContain('DTSTART:20310303T030000Z')
  })

  it('invites those who answer for a hall, with the code of the hall; an address that has an account invites it', async () => {
    const { db } = portal.runtime
    await db.hall.update({
      where: { id: 'HA_3' },
      data: { contactEmail: 'nha-van-hoa@xa.vn', contactName: 'Bà Hạnh' },
    })
    const id = await schedule({
      title: 'Họp có điểm cầu không tài khoản',
      hallIds: ['HA_1', 'HA_3'],
      emails: ['"Trần, Thị B" <b@xa.vn>', 'Stranger@Test.local'],
      guestsAllowed: false,
      startsAt: '2031-04-04T02:00:00.000Z',
      endsAt: '2031-04-04T04:00:00.000Z',
    })
    const invitees = (await getMeeting(portal.actors.clerk, id)).invitees
    expect(invitees.find(i => i.email === 'nha-van-hoa@xa.vn')?.name).toBe('Bà Hạnh')
    expect(invitees.find(i => i.email === 'b@xa.vn')?.name).toBe('Trần, Thị B')
    expect(invitees.find(i => i.email === 'stranger@test.local')?.userId).toBe('US_stranger')
    const { code } = await db.meetingEndpoint.findFirstOrThrow({ where: { meetingId: id, hallId: 'HA_3' } })
    const textTo = async (toAddress: string) =>
      (await db.mail.findFirstOrThrow({ where: { meetingId: id, toAddress } })).text.replaceAll(' ', '')
    expect(await textTo('nha-van-hoa@xa.vn')).toContain(code)
    for (const other of ['b@xa.vn', 'official1@test.local']) expect(await textTo(other)).not.toContain(code)
    expect(await textTo('official1@test.local')).toContain('Hộitrường1–UBNDtỉnh')
    await db.hall.update({ where: { id: 'HA_3' }, data: { contactEmail: '', contactName: '' } })
  })

  it('names a wrong address at its field', async () => {
    expect(
      await scheduleMeeting(portal.actors.clerk, meetingForm({ emails: ['a@b.vn', 'không phải'] })),
    ).toMatchObject({
      ok: false,
      fields: { emails: 'email_wrong' },
    })
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
    const query = { hallIds: ['HA_3'], userIds: [], startsAt, endsAt, exceptId: null }
    expect((await findClashes(portal.actors.clerk, query)).halls).toEqual([
      { hallId: 'HA_3', title: 'Họp chiếm chỗ' },
    ])
  })

  it('names people who have another meeting at that time: as chair, secretary, by name or with their hall', async () => {
    const at = { startsAt: '2031-01-01T01:00:00.000Z', endsAt: '2031-01-01T02:00:00.000Z' }
    const id = await schedule({
      title: 'Họp giữ người',
      hallIds: ['HA_1'],
      chairId: 'US_chair',
      secretaryId: 'US_secretary',
      userIds: ['US_operator'],
      ...at,
    })
    const ask = async (userIds: string[], hallIds: string[] = [], over = {}) =>
      (await findClashes(portal.actors.clerk, { userIds, hallIds, exceptId: null, ...at, ...over })).people
    const busy = ['chair', 'secretary', 'operator', 'official1'].map(key => `US_${key}`)
    expect((await ask([...busy, 'US_official2'])).map(one => one.userId).sort()).toEqual(busy.sort())
    expect((await ask(['US_chair']))[0]).toEqual({
      userId: 'US_chair',
      name: 'Ông chair',
      title: 'Họp giữ người',
    })
    // Who sits in a chosen hall is invited with it.
    expect((await ask([], ['HA_1'])).map(one => one.userId)).toEqual(['US_official1'])
    expect(await ask(busy, [], { exceptId: id })).toEqual([])
    expect(await ask(busy, [], { startsAt: at.endsAt, endsAt: '2031-01-01T03:00:00.000Z' })).toEqual([])
    await cancelMeeting(portal.actors.clerk, id, 'Hoãn')
    expect(await ask(busy)).toEqual([])
  })

  it('tells each role when the doors really open for it', async () => {
    // 09:15 in Việt Nam.
    const id = await schedule({ startsAt: '2031-02-03T02:15:00.000Z', endsAt: '2031-02-03T04:00:00.000Z' })
    const opensAt = async (who: keyof TestPortal['actors']) =>
      (await getMeeting(portal.actors[who], id)).opensAt
    expect(await opensAt('official1')).toBe('2031-02-03T01:45:00.000Z')
    for (const who of ['chair', 'secretary', 'operator'] as const)
      expect(await opensAt(who)).toBe('2031-02-02T17:00:00.000Z')
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
