/** The demo province: units, halls, accounts of every role, a past, an upcoming and an open meeting. Safe to run again. */
import { randomInt } from 'node:crypto'
import { newId } from '@diemcau/core/ids.ts'
import type { Db } from '../src/client.ts'
import { DEMO_ID, DEMO_PASSCODES, DEMO_PASSWORD } from '../src/demo-accounts.ts'
import { ensureAccount, type NewAccount } from './accounts.ts'
import { demoUnits } from './province.ts'

const OPEN_MEETING_CODE = 'demo-hop-ngay'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

type DemoAccount = Omit<NewAccount, 'password' | 'unitId' | 'hallId'> & { unit: number; hasHall: boolean }

const account = (
  role: NewAccount['role'],
  local: string,
  name: string,
  title: string,
  unit: number,
  hasHall = false,
): DemoAccount => {
  return { id: `${DEMO_ID}${local}`, email: `${local}@demo.local`, name, role, title, unit, hasHall }
}

/** `unit` is the position in the order of protocol, from 0. */
const accounts: DemoAccount[] = [
  account('admin', 'admin', 'Nguyễn Quản Trị', 'Quản trị hệ thống', 1),
  account('clerk', 'clerk', 'Trần Thị Thu Hà', 'Chuyên viên Văn phòng', 0),
  account('chair', 'chair', 'Phạm Hoàng Sơn', 'Phó Chủ tịch UBND tỉnh', 0, true),
  account('secretary', 'secretary', 'Lê Minh Châu', 'Thư ký cuộc họp', 0),
  account('operator', 'operator', 'Đỗ Quang Huy', 'Cán bộ kỹ thuật', 1),
  account('official', 'official1', 'Hoàng Văn Thái', 'Chủ tịch UBND xã Tân Cương', 15, true),
  account('official', 'official2', 'Nông Thị Bích', 'Chủ tịch UBND xã Đại Phúc', 16, true),
  account('official', 'official3', 'Ma Đình Khôi', 'Chủ tịch UBND xã Phượng Tiến', 40, true),
  account('official', 'official4', 'Triệu Thị Mai', 'Phó Chủ tịch UBND xã Võ Nhai', 44, true),
  account('official', 'official5', 'Dương Văn Lượng', 'Chủ tịch UBND phường Phổ Yên', 11, true),
]

interface DemoMeeting {
  code: string
  title: string
  kind: 'meeting' | 'town_hall' | 'voter_contact'
  startsAt: Date
  endsAt: Date
  status: 'scheduled' | 'ended'
  passcode: string
  /** Positions of the units whose halls take part. */
  units: number[]
  agenda: string
  description: string
  guestsAllowed: boolean
  watchAllowed: boolean
  recorded: boolean
}

async function createMeeting(db: Db, meeting: DemoMeeting): Promise<string> {
  const units = demoUnits()
  const { units: chosen, ...columns } = meeting
  const id = newId<string>('MT_')
  const people = await db.user.findMany({ where: { id: { in: accounts.map(one => one.id as string) } } })
  const roleOf = (userId: string) => {
    if (userId === 'US_demo_chair') return 'chair'
    if (userId === 'US_demo_secretary') return 'secretary'
    return userId === 'US_demo_operator' ? 'operator' : 'delegate'
  }
  await db.meeting.create({
    data: {
      id,
      ...columns,
      ...(meeting.status === 'ended' ? { startedAt: meeting.startsAt, endedAt: meeting.endsAt } : {}),
      chairId: 'US_demo_chair',
      secretaryId: 'US_demo_secretary',
      createdById: 'US_demo_clerk',
      lobby: false,
      viewersMayAsk: meeting.watchAllowed,
      viewersMayRaiseHand: meeting.watchAllowed,
      endpoints: {
        create: chosen.map((position, index) => {
          const unit = units[position]!
          return {
            id: newId<string>('EP_'),
            hallId: unit.hall.id,
            hallName: unit.hall.name,
            unitName: unit.name,
            order: index + 1,
            code: String(randomInt(100_000_000)).padStart(8, '0'),
          }
        }),
      },
      invitations: {
        create: people
          .filter(person => person.role !== 'admin' && person.role !== 'clerk')
          .map(person => ({
            id: newId<string>('IN_'),
            userId: person.id,
            email: person.email,
            name: person.name,
            role: roleOf(person.id),
          })),
      },
    },
  })
  return id
}

/** Presence of a past meeting, as the webhooks would have written it, so that its attendance report shows something. */
async function addPresence(db: Db, meetingId: string, startsAt: Date): Promise<void> {
  const endpoints = await db.meetingEndpoint.findMany({ where: { meetingId }, orderBy: { order: 'asc' } })
  const minutes = (count: number) => new Date(startsAt.getTime() + count * 60_000)
  // [endpoint position, minute in, minute out]: one on time, one late, one that dropped and came back.
  const stays: [number, number, number][] = [
    [0, -8, 92],
    [1, 12, 92],
    [2, -3, 31],
    [2, 33, 92],
    [3, -1, 60],
  ]
  for (const [position, from, to] of stays) {
    const endpoint = endpoints[position]
    if (!endpoint) continue
    const person = {
      meetingId,
      identity: `guest:demo-${endpoint.order}`,
      participantId: newId<string>('PA_'),
      name: endpoint.hallName,
      role: 'delegate',
      hall: endpoint.hallName,
      unit: endpoint.unitName,
      endpointId: endpoint.id,
    }
    const event = (kind: string, at: Date) => ({
      ...person,
      id: newId<string>('PR_'),
      eventId: newId<string>('EV_'),
      kind,
      at,
    })
    await db.presenceEvent.createMany({ data: [event('joined', minutes(from)), event('left', minutes(to))] })
  }
}

async function ensureMeetings(db: Db, now: Date, passcode: string | undefined): Promise<void> {
  const quarter = new Date(Math.floor(now.getTime() / 900_000) * 900_000)
  const open = await db.meeting.findUnique({ where: { code: OPEN_MEETING_CODE } })
  const isUsable =
    open &&
    (open.status === 'scheduled' || open.status === 'live') &&
    open.endsAt.getTime() - now.getTime() > HOUR_MS
  if (open && !isUsable) {
    // The former open meeting keeps its history under a code of its own.
    await db.meeting.update({
      where: { id: open.id },
      data: { code: `${OPEN_MEETING_CODE}-${open.startsAt.toISOString().slice(0, 16)}` },
    })
  }
  if (!isUsable) {
    await createMeeting(db, {
      code: OPEN_MEETING_CODE,
      title: 'Giao ban trực tuyến toàn tỉnh',
      kind: 'town_hall',
      startsAt: quarter,
      endsAt: new Date(quarter.getTime() + 12 * HOUR_MS),
      status: 'scheduled',
      passcode: passcode ?? DEMO_PASSCODES.open,
      units: [0, 1, 2, 3, 4, ...Array.from({ length: 32 }, (_, index) => 13 + index)],
      agenda:
        '1. Điểm danh các điểm cầu\n2. Báo cáo tình hình kinh tế – xã hội\n3. Các xã, phường phát biểu\n4. Kết luận của chủ toạ',
      description: 'Cuộc họp mẫu luôn mở để dùng thử.',
      guestsAllowed: true,
      watchAllowed: true,
      recorded: true,
    })
  }
  if ((await db.meeting.count()) > 1) return
  const past = new Date(quarter.getTime() - DAY_MS)
  const pastId = await createMeeting(db, {
    code: 'demo-da-hop',
    title: 'Triển khai chính quyền địa phương hai cấp',
    kind: 'meeting',
    startsAt: past,
    endsAt: new Date(past.getTime() + 1.5 * HOUR_MS),
    status: 'ended',
    passcode: passcode ?? DEMO_PASSCODES.past,
    units: [0, 15, 16, 40, 44],
    agenda: '1. Báo cáo của Sở Nội vụ\n2. Ý kiến các xã\n3. Kết luận',
    description: '',
    guestsAllowed: false,
    watchAllowed: false,
    recorded: false,
  })
  await addPresence(db, pastId, past)
  const next = new Date(quarter.getTime() + 2 * DAY_MS)
  await createMeeting(db, {
    code: 'demo-tiep-xuc-cu-tri',
    title: 'Tiếp xúc cử tri trước kỳ họp cuối năm',
    kind: 'voter_contact',
    startsAt: next,
    endsAt: new Date(next.getTime() + 3 * HOUR_MS),
    status: 'scheduled',
    passcode: passcode ?? DEMO_PASSCODES.next,
    units: Array.from({ length: 24 }, (_, index) => index + 5),
    agenda: '1. Báo cáo dự kiến nội dung kỳ họp\n2. Ý kiến cử tri\n3. Tiếp thu, giải trình',
    description: 'Cử tri xem trực tiếp và gửi câu hỏi qua đường dẫn công khai.',
    guestsAllowed: true,
    watchAllowed: true,
    recorded: true,
  })
}

/**
 * Fills what is missing; what people changed stays. The open meeting is renewed when it is over.
 *
 * @param secrets instead of the password and passcodes everybody knows; also given to what an earlier run made with those
 */
export async function seedDemo(
  db: Db,
  secrets: { password?: string | undefined; passcode?: string | undefined } = {},
  now = new Date(),
): Promise<void> {
  const units = demoUnits()
  await db.unit.createMany({ skipDuplicates: true, data: units.map(({ hall: _, ...unit }) => unit) })
  await db.hall.createMany({
    skipDuplicates: true,
    data: units.map(unit => ({ ...unit.hall, order: unit.order, unitId: unit.id })),
  })
  for (const { unit, hasHall, ...person } of accounts) {
    const place = units[unit]!
    await ensureAccount(db, {
      ...person,
      unitId: place.id,
      hallId: hasHall ? place.hall.id : null,
      password: secrets.password ?? DEMO_PASSWORD,
    })
  }
  await ensureMeetings(db, now, secrets.passcode)
}
