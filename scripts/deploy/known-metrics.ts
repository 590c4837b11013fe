/** Every name on the `/metrics` of our processes, as their own code makes them. */
import { FiguresPage } from '@diemcau/core/metrics/figures.ts'
import { recorderFigures } from '../../recordings/src/server/recorder-figures.ts'
import { createMetrics } from '../../sfu/src/server/metrics.ts'
import { someReport } from '../../sfu/test/node-report.ts'
import { portalFigures } from '../../web/server/operations/portal-figures.ts'

export interface KnownMetric {
  name: string
  type: string
  labels: string[]
  help: string
}

/** With `process_*` and `nodejs_*`, which every process has. */
export async function knownMetrics(): Promise<KnownMetric[]> {
  const sfu = createMetrics(async () => someReport())
  sfu.countJoin('accepted')
  const portal = new FiguresPage(portalFigures, async () => ({
    eventLoopP99Ms: 1,
    sockets: { open: 1, withoutTicket: 1, meetings: 1 },
    floorTasks: 1,
    database: {
      liveMeetings: 1,
      jobs: [{ lane: 'mails' as const, due: 1, failed: 1 }],
      oldestJobMs: 1,
      webhooksAside: 1,
    },
  }))
  const recorder = new FiguresPage(recorderFigures, async () => ({
    eventLoopP99Ms: 1,
    isReady: true,
    phases: { active: 1 },
    attached: 1,
    compositions: 1,
    turns: { taken: 1, lost: 1 },
    webhooks: { pending: 1, aside: 1 },
    freeBytes: 1,
  }))
  const known = new Map<string, KnownMetric>()
  for (const page of [sfu, portal, recorder]) {
    await page.text()
    for (const { name, type, help, values } of await page.registry.getMetricsAsJSON()) {
      const labels = [...new Set(values.flatMap(({ labels }) => Object.keys(labels)))]
      known.set(name, { name, type: String(type), labels, help })
    }
    page.close()
  }
  return [...known.values()]
}
