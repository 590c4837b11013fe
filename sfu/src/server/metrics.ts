import type { NodeReport } from '@diemcau/core/contracts/node-report.ts'
import { FiguresPage } from '@diemcau/core/metrics/figures.ts'
import { Counter } from 'prom-client'
import { nodeFigures } from './node-figures.ts'

/** What `/metrics` shows (Prometheus text format). Values are read when asked for. */
export interface Metrics
  extends Pick<FiguresPage<NodeReport>, 'contentType' | 'registry' | 'text' | 'close'> {
  /** One WebSocket at `/rtc`; `result` is 'accepted', 'handed_on' (to another node) or an error code. */
  countJoin(result: string): void
}

/** `report`: of this process only; whoever reads the metrics of all nodes adds them up. */
export function createMetrics(report: () => Promise<NodeReport>): Metrics {
  const page = new FiguresPage(nodeFigures, report)
  const joins = new Counter({
    name: 'diemcau_sfu_joins_total',
    help: 'Signalling connections by result',
    labelNames: ['result'],
    registers: [page.registry],
  })
  return Object.assign(page, { countJoin: (result: string) => joins.inc({ result }) })
}
