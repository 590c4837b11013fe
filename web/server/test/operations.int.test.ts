/** What the portal says of itself, from a real database, and when that is away. */
import { FiguresPage } from '@diemcau/core/metrics/figures.ts'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { portalFigures } from '../operations/portal-figures.ts'
import { portalNotReady, readPortalReport } from '../operations/portal-report.ts'
import { startPortal, type TestPortal } from './portal.ts'

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

const gateway = { sockets: { open: 3, withoutTicket: 1, meetings: 2 } }
const read = () => readPortalReport(portal.runtime, gateway, { p99Ms: 5 })

it('counts jobs that are due and given up, and what waits in the queues of meetings', async () => {
  const { runtime } = portal
  const { db } = runtime
  expect(await portalNotReady(runtime)).toBeUndefined()
  const before = new Date(Date.now() - 60_000)
  await db.$transaction(async tx => {
    await enqueueJob(tx, { kind: 'send_mail', mailId: 'ML_1' }, before)
    await enqueueJob(tx, { kind: 'close_room', meetingId: 'MT_1' })
    await enqueueJob(tx, { kind: 'close_room', meetingId: 'MT_2' }, new Date(Date.now() + 3_600_000))
  })
  await db.job.updateMany({
    where: { kind: 'close_room', runAt: { lte: new Date() } },
    data: { status: 'failed' },
  })
  const task = Promise.withResolvers<void>()
  void runtime.queues.run('MT_1', () => task.promise)
  void runtime.queues.run('MT_1', async () => {})
  const report = await read()
  task.resolve()
  expect(report).toMatchObject({
    floorTasks: 2,
    sockets: { open: 3 },
    database: {
      liveMeetings: 0,
      webhooksAside: 0,
      jobs: [
        { lane: 'mails', due: 1, failed: 0 },
        { lane: 'others', due: 0, failed: 1 },
      ],
    },
  })
  expect(report.database!.oldestJobMs).toBeGreaterThanOrEqual(60_000)
  const page = new FiguresPage(portalFigures, read)
  onTestFinished(() => page.close())
  expect(await page.text()).toContain('diemcau_portal_jobs_failed{lane="others"} 1')
})

it('says within seconds that the database is away, and shows the rest all the same', async () => {
  await postgres.stop()
  const startedAt = performance.now()
  expect(await portalNotReady(portal.runtime)).toBe('the database does not answer')
  expect(await read()).toMatchObject({ sockets: { open: 3 }, database: null })
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  const page = new FiguresPage(portalFigures, read)
  onTestFinished(() => page.close())
  const text = await page.text()
  expect(text).toContain('diemcau_portal_database_up 0')
  expect(text).not.toMatch(/^diemcau_portal_live_meetings/m)
})
