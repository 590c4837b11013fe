import { setTimeout as wait } from 'node:timers/promises'
import type { EventLoopWatch } from '@diemcau/core/process/event-loop-watch.ts'
import type { FloorGateway } from '../floor/floor-gateway.ts'
import type { Runtime } from '../runtime.ts'
import type { PortalReport } from './portal-figures.ts'

/** A database that takes longer counts as away, ms. */
const DATABASE_LIMIT_MS = 2_000

/** How the portal stands just now; within two seconds, whatever the database does. */
export async function readPortalReport(
  runtime: Runtime,
  gateway: Pick<FloorGateway, 'sockets'>,
  eventLoop: Pick<EventLoopWatch, 'p99Ms'>,
): Promise<PortalReport> {
  return {
    eventLoopP99Ms: eventLoop.p99Ms,
    sockets: gateway.sockets,
    floorTasks: runtime.queues.pending,
    database: await orNull(readDatabase(runtime)),
  }
}

/** Why nobody should be led to this portal; undefined: they may. */
export async function portalNotReady({ db }: Pick<Runtime, 'db'>): Promise<string | undefined> {
  const answer = await orNull(db.$queryRaw`SELECT 1`)
  return answer === null ? 'the database does not answer' : undefined
}

async function readDatabase({ db }: Runtime): Promise<NonNullable<PortalReport['database']>> {
  const now = new Date()
  const isMail = { kind: 'send_mail' }
  const of = (kind: object, what: object) => db.job.count({ where: { ...kind, ...what } })
  const due = { status: 'queued', runAt: { lte: now } }
  const failed = { status: 'failed' }
  const [mailsDue, mailsFailed, othersDue, othersFailed, oldest, liveMeetings, webhooksAside] =
    await Promise.all([
      of(isMail, due),
      of(isMail, failed),
      of({ NOT: isMail }, due),
      of({ NOT: isMail }, failed),
      db.job.findFirst({ where: due, orderBy: { runAt: 'asc' }, select: { runAt: true } }),
      db.meeting.count({ where: { status: 'live' } }),
      db.webhookAside.count(),
    ])
  return {
    liveMeetings,
    jobs: [
      { lane: 'mails', due: mailsDue, failed: mailsFailed },
      { lane: 'others', due: othersDue, failed: othersFailed },
    ],
    oldestJobMs: oldest ? now.getTime() - oldest.runAt.getTime() : 0,
    webhooksAside,
  }
}

async function orNull<T>(asking: Promise<T>): Promise<T | null> {
  const late = new AbortController()
  try {
    return await Promise.race([asking, wait(DATABASE_LIMIT_MS, null, { signal: late.signal, ref: false })])
  } catch {
    // It is away, which is the answer.
    return null
  } finally {
    late.abort()
  }
}
