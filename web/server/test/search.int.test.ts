/** Searching and ordering in the database, through every use case that lists something. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { listPeople } from '../accounts/list-people.ts'
import { listUsers } from '../accounts/list-users.ts'
import { listMails } from '../mail/list-mails.ts'
import { getMeeting } from '../meetings/get-meeting.ts'
import { listMeetings } from '../meetings/list-meetings.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { listHalls } from '../organisation/list-halls.ts'
import { listUnits } from '../organisation/list-units.ts'
import { listRecordings } from '../recordings/list-recordings.ts'
import { meetingForm, startPortal, type TestPortal } from './portal.ts'

const names = ['Vũ', 'Hoàng', 'Đặng', 'Ân', 'An', 'Ánh', 'Ăn', 'Dũng', 'ân'.normalize('NFD')]
/** The alphabet's order; the last two differ in capitals and composition only. */
const ordered = ['An', 'Ánh', 'Ăn', 'ân', 'Ân', 'Dũng', 'Đặng', 'Hoàng', 'Vũ']

let postgres: TempPostgres
let portal: TestPortal
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
  const { db } = portal.runtime
  await db.user.createMany({
    data: names.map((name, i) => ({
      id: `US_o${i}`,
      name,
      email: `order${i}@thu-tu.vn`,
      title: 'Xếp thứ tự',
    })),
  })
  await db.unit.createMany({
    data: names.map((name, i) => ({ id: `UN_o${i}`, name: `Xã ${name}`, kind: 'commune', order: 50 })),
  })
  await db.hall.createMany({
    data: names.map((name, i) => ({ id: `HA_o${i}`, name: `Nhà ${name}`, unitId: 'UN_1', order: 50 })),
  })
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})

const composed = (list: string[]): string[] => list.map(one => one.normalize('NFC'))

describe('order', () => {
  it('follows the Vietnamese alphabet in every list', async () => {
    const { admin, clerk } = portal.actors
    const users = await listUsers(admin, { q: 'xep thu tu' })
    expect(composed(users.map(u => u.name))).toEqual(ordered)
    const people = await listPeople(clerk, { q: 'thu-tu.vn' })
    expect(composed(people.map(p => p.name))).toEqual(ordered)
    const halls = (await listHalls(clerk)).filter(h => h.id.startsWith('HA_o'))
    expect(composed(halls.map(h => h.name))).toEqual(ordered.map(name => `Nhà ${name}`))
    const units = (await listUnits(clerk)).filter(u => u.id.startsWith('UN_o'))
    expect(composed(units.map(u => u.name))).toEqual(ordered.map(name => `Xã ${name}`))
  })
})

describe('meetings', () => {
  const schedule = async (title: string, over: Record<string, unknown> = {}): Promise<string> => {
    const result = await scheduleMeeting(portal.actors.clerk, meetingForm({ title, ...over }))
    if (!result.ok) throw new Error(JSON.stringify(result))
    return result.id
  }
  const found = async (q: string): Promise<string[]> =>
    (await listMeetings(portal.actors.clerk, { scope: 'all', q })).map(m => m.title).sort()

  beforeAll(async () => {
    await portal.runtime.db.user.update({ where: { id: 'US_chair' }, data: { name: 'Phạm Hoàng Sơn' } })
    await schedule('Tiếp xúc cử tri xã Phượng Tiến')
    await schedule('Hoàn thành 100% kế hoạch')
    await schedule('Hoàn thành 1000 kế hoạch', { chairId: 'US_official1' })
    await schedule('Tệp a_b')
    await schedule('Tệp axb\\c')
    const id = await schedule('Đại hội Đảng bộ', { chairId: 'US_official1' })
    // What people type is kept composed; rows that another program wrote may not be.
    const title = 'Đại hội Đảng bộ'.normalize('NFD')
    await portal.runtime.db.meeting.update({ where: { id }, data: { title } })
  })

  it.each([
    ['phuong tien', ['Tiếp xúc cử tri xã Phượng Tiến']],
    ['TIẾN Phượng', ['Tiếp xúc cử tri xã Phượng Tiến']],
    ['Phượng Tiến'.normalize('NFD'), ['Tiếp xúc cử tri xã Phượng Tiến']],
    ['100%', ['Hoàn thành 100% kế hoạch']],
    ['%', ['Hoàn thành 100% kế hoạch']],
    ['a_b', ['Tệp a_b']],
    ['_', ['Tệp a_b']],
    ['\\', ['Tệp axb\\c']],
    ['dai hoi dang', ['Đại hội Đảng bộ'.normalize('NFD')]],
    ['đảng ĐẠI', ['Đại hội Đảng bộ'.normalize('NFD')]],
    // Words of the title and of the chair's name together, as the search box promises.
    ['son tep a_b', ['Tệp a_b']],
    ['hoang son cu tri', ['Tiếp xúc cử tri xã Phượng Tiến']],
    ['không có cuộc nào', []],
    ['\0\ud800', []],
  ])('%s', async (q, titles) => expect(await found(q)).toEqual(titles))

  it('finds the chair by a name with or without accents, also after he is renamed', async () => {
    expect(await found('pham hoang son')).toHaveLength(4)
    await portal.runtime.db.user.update({ where: { id: 'US_chair' }, data: { name: 'Bế Văn Đàn' } })
    expect(await found('be van dan')).toHaveLength(4)
    expect(await found('pham hoang son')).toEqual([])
  })

  it('is found by its code, and so are its mails and its recordings', async () => {
    const id = await schedule('Họp về Ngân sách 2027')
    const { code } = await getMeeting(portal.actors.clerk, id)
    expect(await found(code)).toEqual(['Họp về Ngân sách 2027'])
    const mails = await listMails(portal.actors.clerk, { q: 'ngan sach official1' })
    expect(mails.map(m => m.to)).toEqual(['Ông official1 <official1@test.local>'])
    await portal.runtime.db.recording.create({
      data: { id: 'RC_1', meetingId: id, requestedById: 'US_clerk' },
    })
    expect((await listRecordings(portal.actors.clerk, { q: 'NGÂN sach' })).map(r => r.id)).toEqual(['RC_1'])
    expect(await listRecordings(portal.actors.clerk, { q: 'ngan sach 2028' })).toEqual([])
  })
})
