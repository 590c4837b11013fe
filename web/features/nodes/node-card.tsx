import { ChevronDown, CircleAlert, CircleCheck, Hourglass, LogOut, Unplug } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { type Drain, DrainButton } from './drain-button.tsx'
import { LoadChart } from './load-chart.tsx'
import { busiestWorker, loadLine } from './load-line.ts'
import { type NodeShown, type NodeState, stateOf } from './node-facts.ts'
import { LinkTable, WorkerTable } from './node-tables.tsx'

const LOOKS = {
  up: { tone: 'ok', icon: <CircleCheck aria-hidden /> },
  going: { tone: 'warn', icon: <LogOut aria-hidden /> },
  drained: { tone: 'warn', icon: <LogOut aria-hidden /> },
  cutOff: { tone: 'danger', icon: <Unplug aria-hidden /> },
  notReady: { tone: 'accent', icon: <Hourglass aria-hidden /> },
  silent: { tone: 'danger', icon: <CircleAlert aria-hidden /> },
} as const satisfies Record<NodeState, unknown>

/** What the top of a chart stands for at least: a core, and a delay that people begin to notice. */
const A_CORE = 1
const LATE_MS = 50

/** All of one media server. */
export function NodeCard({
  node,
  atMs,
  nameOf,
  drain,
}: {
  node: NodeShown
  atMs: number
  nameOf: (incarnation: string) => string
  drain: Drain
}) {
  const t = useTranslations('portal.nodes')
  const { incarnation, seen, fault } = node
  const name = node.name || t('unnamed')
  const state = stateOf(node)
  const id = `node-${incarnation || 'alone'}`
  return (
    <section
      aria-labelledby={id}
      data-testid="node"
      data-node={node.name}
      className="mt-6 rounded-md border border-line bg-surface p-4 sm:p-5"
    >
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <h2 id={id} className="min-w-0 text-xl font-semibold break-words">
            <bdi>{name}</bdi>
          </h2>
          <span role="status" data-testid="node-state">
            <Badge {...LOOKS[state]}>{t(`state.${state}`)}</Badge>
          </span>
          {seen && seen.report.drain.state !== 'none' && (
            <span className="tabular text-muted">{t('left', { count: seen.report.drain.left })}</span>
          )}
        </div>
        {seen && <DrainPart node={node} name={name} drain={drain} />}
      </div>
      {fault && (
        <Notice tone="warn" className="mt-4">
          {t(`fault.${fault}`)}
        </Notice>
      )}
      {seen?.report.cluster?.reachesRecord === false && (
        <Notice tone="warn" className="mt-4">
          {t('recordAway')}
        </Notice>
      )}
      <Facts node={node} atMs={atMs} />
      {seen && (
        <>
          <Loads seen={seen} />
          <details className="group mt-4" data-testid="node-details">
            <summary className="flex min-h-11 cursor-pointer items-center gap-1 font-medium text-accent">
              {t('details')}
              <ChevronDown aria-hidden className="size-4 group-open:rotate-180" />
            </summary>
            <h3 className="mt-2 mb-2 font-semibold">{t('workersTitle')}</h3>
            <WorkerTable name={name} seen={seen} />
            <h3 className="mt-5 mb-2 font-semibold">{t('linksTitle')}</h3>
            <LinkTable name={name} seen={seen} nameOf={nameOf} />
          </details>
        </>
      )}
    </section>
  )
}

function DrainPart({ node, name, drain }: { node: NodeShown; name: string; drain: Drain }) {
  const t = useTranslations('portal.nodes')
  const report = node.seen?.report
  if (!report) return null
  const { state, left, refusal } = report.drain
  if (refusal !== null)
    return <p className="max-w-md text-muted">{t(report.cluster ? 'refused' : 'refusedAlone')}</p>
  return <DrainButton incarnation={node.incarnation} name={name} state={state} left={left} drain={drain} />
}

function Facts({ node, atMs }: { node: NodeShown; atMs: number }) {
  const t = useTranslations('portal.nodes')
  const format = useFormats()
  const { incarnation, address, seen } = node
  return (
    <dl className="tabular mt-4 grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-4">
      {seen && (
        <>
          <Fact name={t('people')}>{format.number(seen.report.people)}</Fact>
          <Fact name={t('rooms')}>{format.number(seen.report.roomCount)}</Fact>
          <Fact name={t('recorders')}>{format.number(seen.report.recorders)}</Fact>
          <Fact name={t('uptime')}>{format.duration(atMs - seen.report.startedAtMs)}</Fact>
          <Fact name={t('version')}>{seen.report.version}</Fact>
          <Fact name={t('memory')}>{format.bytes(seen.report.memoryBytes)}</Fact>
        </>
      )}
      <Fact name={t('address')}>{address || t('noAddress')}</Fact>
      {incarnation && <Fact name={t('incarnation')}>{incarnation}</Fact>}
    </dl>
  )
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-sm text-muted">{name}</dt>
    <dd className="break-words">{children}</dd>
  </div>
)

function Loads({ seen }: { seen: NonNullable<NodeShown['seen']> }) {
  const t = useTranslations('portal.nodes')
  const format = useFormats()
  const { loads, report } = seen
  const percent = (share: number) => t('percent', { count: format.number(Math.round(share * 100)) })
  const missing = report.wantedWorkers - report.workers.length
  return (
    <>
      <h3 className="mt-5 mb-2 flex flex-wrap items-center gap-3 font-semibold">
        {t('loads')}
        {missing > 0 && (
          <Badge tone="danger" icon={<CircleAlert aria-hidden />}>
            {t('workersMissing', { count: missing })}
          </Badge>
        )}
      </h3>
      <ul className="grid grid-cols-2 gap-3 lg:grid-cols-5">
        <LoadChart title={t('busiest')} line={loadLine(loads, busiestWorker, A_CORE)} show={percent} />
        <LoadChart title={t('process')} line={loadLine(loads, one => one.cpu, A_CORE)} show={percent} />
        <LoadChart
          title={t('eventLoop')}
          line={loadLine(loads, one => one.eventLoopP99Ms, LATE_MS)}
          show={ms => t('ms', { count: format.number(Math.round(ms)) })}
        />
        <LoadChart title={t('people')} line={loadLine(loads, one => one.people, 1)} show={format.number} />
        {report.cluster && (
          <LoadChart
            title={t('traffic')}
            line={loadLine(loads, one => one.pipesSent + one.pipesReceived, 1)}
            show={bytes => t('perSecond', { bytes: format.bytes(bytes) })}
          />
        )}
      </ul>
    </>
  )
}
