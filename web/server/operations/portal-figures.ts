import { figuresOf, inSeconds } from '@diemcau/core/metrics/figures.ts'

/** How the portal stands just now. */
export interface PortalReport {
  eventLoopP99Ms: number
  sockets: { open: number; withoutTicket: number; meetings: number }
  /** Commits and catch-ups of all meetings that run or wait. */
  floorTasks: number
  /** What the database says; null: it does not answer. */
  database: {
    liveMeetings: number
    jobs: { lane: 'mails' | 'others'; due: number; failed: number }[]
    /** How long the job that is due longest has waited, ms; 0: none is due. */
    oldestJobMs: number
    webhooksAside: number
  } | null
}

const { one, each, eventLoop } = figuresOf<PortalReport>('diemcau_portal')
const jobs = ({ database }: PortalReport) => database?.jobs ?? []
const lane = { lane: (job: ReturnType<typeof jobs>[number]) => job.lane }

/** All of the portal's own names on `/metrics`. docs/metrics.md has the table. */
export const portalFigures = [
  eventLoop,
  one('database_up', '1 while the database answers within 2 s', ({ database }) => (database ? 1 : 0)),
  one('floor_sockets', 'Connections to the floors of all meetings', ({ sockets }) => sockets.open),
  one(
    'floor_sockets_without_ticket',
    'Connections that have not shown a ticket yet',
    ({ sockets }) => sockets.withoutTicket,
  ),
  one(
    'floor_meetings',
    'Meetings whose floor has been told something here',
    ({ sockets }) => sockets.meetings,
  ),
  one('floor_tasks', 'Commands and catch-ups that run or wait in the queues of meetings', r => r.floorTasks),
  one('live_meetings', 'Meetings under way', ({ database }) => database?.liveMeetings),
  each(
    'gauge',
    jobs,
    lane,
    'jobs_due',
    'Jobs that are due and not done, of mails and of all else',
    ({ due }) => due,
  ),
  each(
    'gauge',
    jobs,
    lane,
    'jobs_failed',
    'Jobs given up: an alarm, but for mails that nobody can get',
    j => j.failed,
  ),
  one('oldest_job_seconds', 'How long the job that is due longest has waited', ({ database }) =>
    database ? inSeconds(database.oldestJobMs) : undefined,
  ),
  one(
    'webhooks_aside',
    'Events of the media server that can never be stored: an alarm',
    ({ database }) => database?.webhooksAside,
  ),
]
