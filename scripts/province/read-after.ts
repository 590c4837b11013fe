/** What is there of the meeting when everybody has left: attendance, and what was asked of the floor, against what was. */
import { computeReport } from '@diemcau/core/attendance/compute-report.ts'
import type { Db } from '@diemcau/prisma/client.ts'
import { pause } from '../chaos/chaos-cluster.ts'
import { handFaults, settingFaults } from '../chaos/kills/compare-floor.ts'
import { checkPresence } from '../chaos/kills/compare-presence.ts'
import { readGivenUp, readMeeting, readPresence } from '../chaos/kills/read-meeting.ts'
import { checkHalls, type HallFindings } from './attendance.ts'
import type { FloorLife } from './floor-life.ts'
import type { Crowd } from './gathering.ts'
import type { ProvinceMeeting } from './schedule.ts'

/** Webhooks come when they come: what is wrong counts when it does not pass. */
const PRESENCE_MS = 60_000
const LOOK_MS = 500

export interface AttendanceFindings extends HallFindings {
  connections: number
}

/** By the rows of the database and the portal's own computation. Everybody has left the room. */
export async function attendanceFaults(
  db: Db,
  meeting: ProvinceMeeting,
  crowd: Crowd,
): Promise<AttendanceFindings> {
  const deadline = Date.now() + PRESENCE_MS
  for (;;) {
    const findings = await look(db, meeting, crowd)
    if (findings.faults.length === 0 || Date.now() > deadline) return findings
    await pause(LOOK_MS)
  }
}

async function look(db: Db, meeting: ProvinceMeeting, crowd: Crowd): Promise<AttendanceFindings> {
  const rows = await readPresence(db, meeting.id)
  const where = { meetingId: meeting.id }
  const [row, endpoints, people] = await Promise.all([
    db.meeting.findUniqueOrThrow({ where: { id: meeting.id } }),
    db.meetingEndpoint.findMany({ where }),
    db.meetingParticipant.findMany({ where }),
  ])
  const now = Date.now()
  const report = computeReport({
    meeting: {
      id: row.id,
      title: row.title,
      startsAt: row.startsAt.getTime(),
      endsAt: row.endsAt.getTime(),
      live: row.status === 'live',
      endedAt: row.endedAt?.getTime() ?? null,
    },
    endpoints: endpoints.map(one => ({
      id: one.id,
      hall: one.hallName,
      unit: one.unitName,
      order: one.order,
    })),
    people,
    rows,
    now,
  })
  const endpointOf = new Map(people.map(one => [one.identity, one.endpointId]))
  const byEndpoint = new Map(crowd.halls.map(hall => [endpointOf.get(hall.identity), hall]))
  const truth = meeting.halls.map(({ endpointId, name }) => ({
    endpointId,
    name,
    stays: byEndpoint.get(endpointId)?.stays ?? [],
  }))
  const halls = checkHalls(truth, report.endpoints)
  const stays = new Map([...crowd.halls, ...crowd.delegates].map(one => [one.identity, one.stays]))
  const presence = checkPresence({ rows, stays, here: new Set(), now })
  return { ...halls, connections: presence.connections, faults: [...halls.faults, ...presence.faults] }
}

/** Hands by the log of events and as they are, and what webhooks and jobs gave up. */
export async function floorFaults(db: Db, meetingId: string, life: FloorLife): Promise<string[]> {
  const facts = await readMeeting(db, meetingId)
  const byPerson = Map.groupBy(facts.log, ({ about }) => about)
  return [
    ...[...life.hands].flatMap(([identity, sent]) => [
      ...settingFaults(`hand of ${identity}`, sent, false, facts.hands.includes(identity)),
      ...handFaults(identity, sent, byPerson.get(identity)?.map(({ type }) => type) ?? []),
    ]),
    ...(await readGivenUp(db)),
  ]
}
