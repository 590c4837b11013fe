import { computeReport, type KnownPerson, type PresenceRow } from '@diemcau/core/attendance/compute-report.ts'
import type { AttendanceReport } from '@diemcau/core/contracts/report.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { audit } from '../audit.ts'
import { findVisibleMeeting } from '../meetings/access.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/** The report as it is now; each read leaves an audit row, because presence is sensitive personal data. */
export async function getAttendance(actor: Actor, meetingId: string): Promise<AttendanceReport> {
  return await readAttendance(actor, meetingId, 'attendance.read')
}

export async function readAttendance(
  actor: Actor,
  meetingId: string,
  action: 'attendance.read' | 'attendance.exported',
): Promise<AttendanceReport> {
  return await getRuntime().db.$transaction(async tx => {
    const { meeting, may } = await findVisibleMeeting(tx, actor, meetingId)
    if (!may.readAttendance) throw new AppError('forbidden', 'may not read attendance')
    await audit(tx, actor, { action, subject: { type: 'meeting', id: meetingId } })
    return await loadReport(tx, meeting)
  })
}

async function loadReport(
  tx: Tx,
  meeting: { id: string; title: string; startsAt: Date; endsAt: Date; status: string; endedAt: Date | null },
): Promise<AttendanceReport> {
  const where = { meetingId: meeting.id }
  const [endpoints, participants, events] = await Promise.all([
    tx.meetingEndpoint.findMany({ where, orderBy: { order: 'asc' } }),
    tx.meetingParticipant.findMany({ where, orderBy: { admittedAt: 'asc' } }),
    tx.presenceEvent.findMany({ where, orderBy: { at: 'asc' } }),
  ])
  // Somebody with a token of another origin (a native client, a test) is known by what the media server said.
  const people = new Map<string, KnownPerson>()
  for (const e of events)
    if (e.identity && e.attends)
      people.set(e.identity, {
        identity: e.identity,
        name: e.name,
        role: e.role,
        hall: e.hall,
        unit: e.unit,
        endpointId: e.endpointId || null,
      })
  for (const p of participants) people.set(p.identity, p)
  return computeReport({
    meeting: {
      id: meeting.id,
      title: meeting.title,
      startsAt: meeting.startsAt.getTime(),
      endsAt: meeting.endsAt.getTime(),
      live: meeting.status === 'live',
      endedAt: meeting.endedAt?.getTime() ?? null,
    },
    endpoints: endpoints.map(e => ({ id: e.id, hall: e.hallName, unit: e.unitName, order: e.order })),
    people: [...people.values()],
    rows: events.map(
      (e): PresenceRow => ({
        eventId: e.eventId,
        kind: e.kind as PresenceRow['kind'],
        identity: e.identity,
        participantId: e.participantId,
        at: e.at.getTime(),
        joinedAt: e.joinedAt?.getTime() ?? null,
        attends: e.attends,
      }),
    ),
    now: Date.now(),
  })
}
