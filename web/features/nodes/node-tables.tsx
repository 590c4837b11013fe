import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { LoadPicture } from './load-chart.tsx'
import { loadLine } from './load-line.ts'
import { linksOf, type NodeShown } from './node-facts.ts'

type Seen = NonNullable<NodeShown['seen']>

/** A core that is used so far has little left for a burst. */
const NEAR_FULL = 0.75

/** The media workers of a node: what they have to do now and had in the last hour. */
export function WorkerTable({ name, seen }: { name: string; seen: Seen }) {
  const t = useTranslations('portal.nodes')
  const format = useFormats()
  const percent = (share: number | null) =>
    share === null ? t('noAnswer') : t('percent', { count: format.number(Math.round(share * 100)) })
  return (
    <Figures
      label={t('workers', { name })}
      heads={[t('worker'), t('connections'), t('cpuNow'), t('cpuHour'), t('peakMemory')]}
    >
      {seen.report.workers.map(({ index, pid, peers, peakMemoryBytes }) => {
        const line = loadLine(
          seen.loads,
          ({ workers }) => workers.find(worker => worker.index === index)?.cpu ?? null,
          1,
        )
        return (
          <Row key={pid}>
            <RowHead>
              {index + 1} <span className="text-sm font-normal text-muted">pid {pid}</span>
            </RowHead>
            <Cell name={t('connections')}>{format.number(peers)}</Cell>
            <Cell name={t('cpuNow')}>
              <span className="flex flex-wrap items-center gap-2">
                {line.path === '' ? '–' : percent(line.now)}
                {(line.now ?? 0) >= NEAR_FULL && (
                  <Badge tone="warn" icon={<TriangleAlert aria-hidden />}>
                    {t('nearFull')}
                  </Badge>
                )}
              </span>
            </Cell>
            <Cell name={t('cpuHour')}>
              <LoadPicture line={line} className="h-7 w-28" />
              <span className="text-sm text-muted">
                {line.highest === null ? t('nothingYet') : t('highest', { value: percent(line.highest) })}
              </span>
            </Cell>
            <Cell name={t('peakMemory')}>
              {peakMemoryBytes === null ? t('noAnswer') : format.bytes(peakMemoryBytes)}
            </Cell>
          </Row>
        )
      })}
    </Figures>
  )
}

/** What leads from a node to the others. */
export function LinkTable({
  name,
  seen,
  nameOf,
}: {
  name: string
  seen: Seen
  nameOf: (incarnation: string) => string
}) {
  const t = useTranslations('portal.nodes')
  const format = useFormats()
  const rows = linksOf(seen.report, nameOf)
  if (rows.length === 0) return <p className="text-muted">{t('noLinks')}</p>
  const keys = ['linkTo', 'linkState', 'roundTrip', 'waiting', 'pipes', 'sent', 'received', 'breaks'] as const
  return (
    <Figures label={t('links', { name })} heads={keys.map(key => t(key))}>
      {rows.map(row => (
        <Row key={row.key}>
          <RowHead>
            <bdi>{row.node}</bdi>
          </RowHead>
          <Cell name={t('linkState')}>
            {row.isUp ? (
              <Badge tone="ok" icon={<CircleCheck aria-hidden />}>
                {t('linkUp')}
              </Badge>
            ) : (
              <Badge tone={row.isUp === null ? 'neutral' : 'danger'} icon={<TriangleAlert aria-hidden />}>
                {t('linkDown')}
              </Badge>
            )}
          </Cell>
          <Cell name={t('roundTrip')}>
            {row.roundTripMs === null ? '–' : t('ms', { count: format.number(row.roundTripMs) })}
          </Cell>
          <Cell name={t('waiting')}>{format.bytes(row.waitingBytes)}</Cell>
          <Cell name={t('pipes')}>{format.number(row.pipes)}</Cell>
          <Cell name={t('sent')}>{format.bytes(row.sentBytes)}</Cell>
          <Cell name={t('received')}>{format.bytes(row.receivedBytes)}</Cell>
          <Cell name={t('breaks')}>{format.number(row.breaks)}</Cell>
        </Row>
      ))}
    </Figures>
  )
}

/** A table; on narrow screens each row is a block, in which every figure has its name beside it. */
function Figures({ label, heads, children }: { label: string; heads: string[]; children: ReactNode }) {
  return (
    <div className="rounded-md border border-line">
      <table aria-label={label} className="tabular block w-full border-collapse text-left lg:table">
        <thead className="hidden bg-sunken text-sm text-muted lg:table-header-group">
          <tr>
            {heads.map(head => (
              <th key={head} scope="col" className="px-3 py-2 font-medium whitespace-nowrap">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="block divide-y divide-line lg:table-row-group">{children}</tbody>
      </table>
    </div>
  )
}

const Row = ({ children }: { children: ReactNode }) => (
  <tr className="grid grid-cols-2 gap-x-4 gap-y-2 px-3 py-2 lg:table-row">{children}</tr>
)
const RowHead = ({ children }: { children: ReactNode }) => (
  <th scope="row" className="col-span-2 font-medium lg:px-3 lg:py-2">
    {children}
  </th>
)
const Cell = ({ name, children }: { name: string; children: ReactNode }) => (
  <td className="lg:px-3 lg:py-2">
    <span className="block text-sm text-muted lg:hidden">{name}</span>
    {children}
  </td>
)
