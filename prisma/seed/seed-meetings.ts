import type { Db } from '../src/client.ts'
import { people } from './province.ts'
import type { DemoHall } from './seed-organisation.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** 07:30 in Vietnam, which has no daylight saving. */
const START_OF_WORK = 30 * 60_000

interface DemoMeeting {
  id: string
  code: string
  title: string
  kind: string
  startsAt: Date
  endsAt: Date
  agenda: string
  description: string
  recorded: boolean
  lobby: boolean
  halls: DemoHall[]
}

const userId = (id: string): string => `US_demo_${id}`

async function upsertMeeting(db: Db, m: DemoMeeting, status: 'scheduled' | 'ended'): Promise<void> {
  const times = {
    startsAt: m.startsAt,
    endsAt: m.endsAt,
    startedAt: status === 'ended' ? m.startsAt : null,
    endedAt: status === 'ended' ? m.endsAt : null,
  }
  await db.meeting.upsert({
    where: { id: m.id },
    create: {
      id: m.id,
      code: m.code,
      title: m.title,
      kind: m.kind,
      status,
      chairId: userId('chair'),
      secretaryId: userId('secretary'),
      agenda: m.agenda,
      description: m.description,
      guestsAllowed: true,
      watchAllowed: true,
      lobby: m.lobby,
      recorded: m.recorded,
      passcode: '123456',
      createdById: userId('clerk'),
      viewersMayRaiseHand: true,
      viewersMayAsk: true,
      ...times,
    },
    update: status === 'ended' ? {} : { ...times, status, locked: false, spotlight: null },
  })
  await db.meetingEndpoint.createMany({
    data: m.halls.map((hall, index) => ({
      id: `EP_${m.id.slice(3)}_${index}`,
      meetingId: m.id,
      hallId: hall.id,
      hallName: hall.name,
      unitName: hall.unitName,
      order: index + 1,
    })),
    skipDuplicates: true,
  })
  const invited = people.filter(p => p.role === 'chair' || p.role === 'secretary' || p.role === 'official')
  await db.invitation.createMany({
    data: invited.map(p => ({
      id: `IN_${m.id.slice(3)}_${p.id}`,
      meetingId: m.id,
      userId: userId(p.id),
      email: `${p.id}@demo.local`,
      name: p.name,
      role: p.role === 'official' ? 'delegate' : p.role,
    })),
    skipDuplicates: true,
  })
}

/** Who sat in which hall of the past meeting, in minutes after its start. */
const sittings = [
  { person: 'chair', hall: 0, spans: [[-12, 178]] },
  { person: 'official1', hall: 4, spans: [[-8, 175]] },
  {
    person: 'official2',
    hall: 5,
    spans: [
      [-5, 62],
      [63, 176],
    ],
  },
  {
    person: 'official3',
    hall: 16,
    spans: [
      [11, 80],
      [95, 170],
    ],
  },
  { person: 'official4', hall: 17, spans: [[-2, 120]] },
] as const

async function seedPresence(db: Db, meeting: DemoMeeting): Promise<void> {
  const start = meeting.startsAt.getTime()
  for (const { person, hall, spans } of sittings) {
    const place = meeting.halls[hall]
    const who = people.find(p => p.id === person)
    if (!place || !who) continue
    const identity = `user:${userId(person)}`
    const endpointId = `EP_${meeting.id.slice(3)}_${hall}`
    const role = person === 'chair' ? 'chair' : 'delegate'
    const known = { name: who.name, role, hall: place.name, unit: place.unitName, endpointId }
    await db.meetingParticipant.createMany({
      data: [
        {
          meetingId: meeting.id,
          identity,
          userId: userId(person),
          displayName: `${place.name} – ${place.unitName}`,
          order: 10 + hall,
          lastJoinAt: meeting.startsAt,
          ...known,
        },
      ],
      skipDuplicates: true,
    })
    const rows = spans.flatMap(([from, to], index) =>
      (['joined', 'left'] as const).map(kind => ({
        id: `PE_demo_${person}_${index}_${kind}`,
        meetingId: meeting.id,
        eventId: `EV_demo_${person}_${index}_${kind}`,
        kind,
        identity,
        participantId: `PA_demo_${person}_${index}`,
        at: new Date(start + (kind === 'joined' ? from : to) * 60_000),
        joinedAt: new Date(start + from * 60_000),
        ...known,
      })),
    )
    await db.presenceEvent.createMany({ data: rows, skipDuplicates: true })
  }
}

/**
 * One meeting that is over, one to come, and one that is open now: its times are moved at every start, and whoever was
 * put out of it may come again.
 */
export async function seedMeetings(db: Db, halls: DemoHall[], now = new Date()): Promise<void> {
  // Midnight in Vietnam (UTC+7), as a time in UTC.
  const midnight = Math.floor((now.getTime() + 7 * HOUR) / DAY) * DAY - 7 * HOUR
  const at = (days: number): Date => new Date(midnight + days * DAY + 7 * HOUR + START_OF_WORK)
  const past: DemoMeeting = {
    id: 'MT_demoPast',
    code: 'demo-da-hop',
    title: 'Giao ban công tác chuyển đổi số tháng 10',
    kind: 'meeting',
    startsAt: at(-1),
    endsAt: new Date(at(-1).getTime() + 3 * HOUR),
    agenda: '1. Báo cáo kết quả tháng 10\n2. Ý kiến các điểm cầu\n3. Kết luận của chủ tọa',
    description: '',
    recorded: true,
    lobby: true,
    halls,
  }
  await upsertMeeting(db, past, 'ended')
  const kept = await db.meeting.findUniqueOrThrow({ where: { id: past.id } })
  await seedPresence(db, { ...past, startsAt: kept.startsAt })
  await upsertMeeting(
    db,
    {
      id: 'MT_demoNext',
      code: 'demo-tiep-xuc',
      title: 'Tiếp xúc cử tri trước kỳ họp cuối năm',
      kind: 'voter_contact',
      startsAt: at(1),
      endsAt: new Date(at(1).getTime() + 4 * HOUR),
      agenda:
        '1. Ổn định tổ chức\n2. Giới thiệu đại biểu\n3. Cử tri phát biểu\n4. Tiếp thu, giải trình\n5. Bế mạc',
      description: 'Cử tri có thể theo dõi qua đường dẫn công khai và gửi câu hỏi.',
      recorded: true,
      lobby: true,
      halls,
    },
    'scheduled',
  )
  const open: DemoMeeting = {
    id: 'MT_demoOpen',
    code: 'demo-hop-ngay',
    title: 'Họp thử toàn tỉnh',
    kind: 'town_hall',
    startsAt: new Date(now.getTime() - 10 * 60_000),
    endsAt: new Date(now.getTime() + 12 * HOUR),
    agenda: '1. Kiểm tra hình ảnh, âm thanh\n2. Thử giơ tay, trò chuyện\n3. Thử ghi hình',
    description: 'Cuộc họp thử, luôn mở. Mã vào họp cho khách: 123456.',
    recorded: true,
    lobby: false,
    halls: halls.slice(0, 20),
  }
  await upsertMeeting(db, open, 'scheduled')
  await db.removedIdentity.deleteMany({ where: { meetingId: open.id } })
}
