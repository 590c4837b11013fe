/**
 * Attendance from presence rows. Pure: the rows may come in any order, twice, or with one half of a connection
 * missing, and the same rows give the same report.
 *
 * LiveKit tells joins to the millisecond and leaves in whole seconds, so that a leave may seem to be up to a second
 * before its own join; it then counts as zero time, not as negative.
 */
import type {
  AttendanceEndpoint,
  AttendanceInterval,
  AttendancePerson,
  AttendanceReport,
} from '../contracts/report.ts'
import { mergeIntervals, type Span } from './merge-intervals.ts'

export interface PresenceRow {
  eventId: string
  /**
   * `aborted` is a connection given up before it had any media: nobody was there. `room_finished` closes every connection
   * that is still open at its time.
   */
  kind: 'joined' | 'left' | 'aborted' | 'room_finished'
  identity: string
  /** One connection. */
  participantId: string
  /** Milliseconds since the epoch. */
  at: number
  /** When this connection began, as told in any of its events; null when unknown. */
  joinedAt: number | null
  /** Whether it counts at all (`attends`, decided when the event came). */
  attends: boolean
}
/** What the portal knows about an identity. */
export interface KnownPerson {
  identity: string
  name: string
  role: string
  hall: string
  unit: string
  endpointId: string | null
}
export interface PlannedEndpoint {
  id: string
  hall: string
  unit: string
  order: number
}
export interface ReportInput {
  meeting: {
    id: string
    title: string
    startsAt: number
    endsAt: number
    live: boolean
    endedAt: number | null
  }
  endpoints: readonly PlannedEndpoint[]
  people: readonly KnownPerson[]
  rows: readonly PresenceRow[]
  now: number
  /** First in later than the start plus this is late. */
  lateGraceMs?: number
  /** A gap up to this between two connections of one identity is a reconnect, not an absence. */
  reconnectGapMs?: number
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Spans per identity, merged; `to: null` while connected. Who does not attend is left out. */
export function spansByIdentity(
  rows: readonly PresenceRow[],
  options: { reconnectGapMs: number; endedAt: number | null },
): Map<string, Span[]> {
  const connections = new Map<string, { identity: string; from: number | null; to: number | null }>()
  const finishes: number[] = []
  const seen = new Set<string>()
  for (const row of rows) {
    if (seen.has(row.eventId)) continue
    seen.add(row.eventId)
    if (row.kind === 'room_finished') {
      finishes.push(row.at)
      continue
    }
    if (!row.attends) continue
    const key = `${row.identity} ${row.participantId}`
    const connection = connections.get(key) ?? { identity: row.identity, from: null, to: null }
    connections.set(key, connection)
    // Every try to connect has a time at which it began; only a join or the leave after one proves that it was there.
    const start = row.kind === 'joined' ? (row.joinedAt ?? row.at) : row.kind === 'left' ? row.joinedAt : null
    if (start !== null) connection.from = Math.min(connection.from ?? start, start)
    if (row.kind !== 'joined') connection.to = Math.max(connection.to ?? row.at, row.at)
  }
  finishes.sort((a, b) => a - b)
  const spans = new Map<string, Span[]>()
  for (const { identity, from, to } of connections.values()) {
    // A leave whose join never came and which does not say when it began proves no time at all.
    if (from === null) continue
    const closedByRoom = finishes.find(at => at >= from) ?? options.endedAt
    const end = to ?? (closedByRoom === null ? null : Math.max(from, closedByRoom))
    const list = spans.get(identity) ?? []
    list.push({ from, to: end === null ? null : Math.max(from, end) })
    spans.set(identity, list)
  }
  for (const [identity, list] of spans) spans.set(identity, mergeIntervals(list, options.reconnectGapMs))
  return spans
}

function measure(spans: readonly Span[], now: number, lateAfter: number) {
  const first = spans[0]
  const last = spans.at(-1)
  const present = last !== undefined && last.to === null
  const intervals: AttendanceInterval[] = spans.map(s => ({
    from: iso(s.from),
    to: s.to === null ? null : iso(s.to),
  }))
  return {
    firstIn: first ? iso(first.from) : null,
    lastOut: last === undefined || last.to === null ? null : iso(last.to),
    present,
    intervals,
    totalMs: spans.reduce((sum, s) => sum + Math.max(0, (s.to ?? Math.max(now, s.from)) - s.from), 0),
    late: first !== undefined && first.from > lateAfter,
  }
}

export function computeReport(input: ReportInput): AttendanceReport {
  const { meeting, now } = input
  const reconnectGapMs = input.reconnectGapMs ?? 30_000
  const lateAfter = meeting.startsAt + (input.lateGraceMs ?? 5 * 60_000)
  const spans = spansByIdentity(input.rows, { reconnectGapMs, endedAt: meeting.endedAt })
  const known = new Map(input.people.map(p => [p.identity, p]))

  const people = [...spans].map(([identity, list]) => {
    const who = known.get(identity)
    const person: AttendancePerson = {
      identity,
      name: who?.name ?? identity,
      role: who?.role ?? 'guest',
      hall: who?.hall ?? '',
      unit: who?.unit ?? '',
      ...measure(list, now, lateAfter),
    }
    return { person, endpointId: who?.endpointId ?? null, spans: list }
  })
  people.sort(
    (a, b) =>
      (a.person.firstIn ?? '').localeCompare(b.person.firstIn ?? '') ||
      a.person.identity.localeCompare(b.person.identity),
  )

  const endpoints = [...input.endpoints]
    .sort((a, b) => a.order - b.order || a.hall.localeCompare(b.hall, 'vi'))
    .map((endpoint): AttendanceEndpoint => {
      const here = people.filter(p => p.endpointId === endpoint.id)
      const merged = mergeIntervals(
        here.flatMap(p => p.spans),
        reconnectGapMs,
      )
      const measured = measure(merged, now, lateAfter)
      return {
        endpointId: endpoint.id,
        hall: endpoint.hall,
        unit: endpoint.unit,
        order: endpoint.order,
        ...measured,
        state: measured.present ? 'present' : merged.length > 0 ? 'left' : 'absent',
        people: here.map(p => p.person),
      }
    })
  const planned = new Set(input.endpoints.map(e => e.id))
  return {
    meetingId: meeting.id,
    title: meeting.title,
    startsAt: iso(meeting.startsAt),
    endsAt: iso(meeting.endsAt),
    generatedAt: iso(now),
    live: meeting.live,
    endpoints,
    others: people.filter(p => p.endpointId === null || !planned.has(p.endpointId)).map(p => p.person),
    totals: {
      planned: endpoints.length,
      // An endpoint that came and left attended; `present` counts it while the report is not live.
      present: endpoints.filter(e => (meeting.live ? e.present : e.state !== 'absent')).length,
      absent: endpoints.filter(e => e.state === 'absent').length,
      late: endpoints.filter(e => e.late).length,
      people: people.length,
    },
  }
}
