import type { NodesView } from '@diemcau/core/contracts/nodes-report.ts'
import { ServerOff } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { Refresh } from '../../ui/refresh.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import type { Drain } from './drain-button.tsx'
import { NodeCard } from './node-card.tsx'
import { roomsOf } from './node-facts.ts'
import { RoomTable } from './room-table.tsx'

const REFRESH_MS = 5_000

/** The media servers, for the administrator. `view` null: none can be asked. It is drawn on the server and keeps itself up to date. */
export function NodesPage({ view, drain }: { view: NodesView | null; drain: Drain }) {
  const t = useTranslations('portal.nodes')
  return (
    <>
      <Refresh everyMs={REFRESH_MS} />
      {view ? (
        <Nodes view={view} drain={drain} />
      ) : (
        <>
          <PageHeader title={t('title')} />
          <EmptyState icon={<ServerOff />} title={t('away')}>
            {t('awayHelp')}
          </EmptyState>
        </>
      )}
    </>
  )
}

function Nodes({ view: { nodes: asked, titles, atMs }, drain }: { view: NodesView; drain: Drain }) {
  const t = useTranslations('portal.nodes')
  const format = useFormats()
  // Whichever node answered comes first; here each keeps its place.
  const nodes = [...asked].sort(
    (a, b) =>
      a.name.localeCompare(b.name, 'vi', { numeric: true }) || (a.incarnation < b.incarnation ? -1 : 1),
  )
  const { rooms, unnamed } = roomsOf(nodes)
  const people = nodes.reduce((sum, { seen }) => sum + (seen?.report.people ?? 0), 0)
  const silent = nodes.filter(({ seen }) => seen === null).length
  const names = new Map(nodes.map(({ incarnation, name }) => [incarnation, name]))
  const isAlone = nodes.length === 1 && nodes[0]?.seen?.report.cluster === null
  return (
    <>
      <PageHeader title={t('title')}>
        <p className="tabular">
          {t('summary', { nodes: nodes.length, rooms: rooms.length + unnamed, people })}
        </p>
        <p className="tabular text-sm">{t('asOf', { time: format.time(new Date(atMs).toISOString()) })}</p>
      </PageHeader>
      {isAlone && <Notice>{t('alone')}</Notice>}
      {silent > 0 && (
        <Notice tone="warn" title={t('someSilent', { count: silent })}>
          {t('someSilentHelp')}
        </Notice>
      )}
      {nodes.map(node => (
        <NodeCard
          key={node.incarnation}
          node={node}
          atMs={atMs}
          nameOf={incarnation => names.get(incarnation) ?? ''}
          drain={drain}
        />
      ))}
      <Section title={t('roomsTitle')}>
        <RoomTable rooms={rooms} titles={titles} />
        {unnamed > 0 && <p className="tabular mt-2 text-muted">{t('moreRooms', { count: unnamed })}</p>}
      </Section>
    </>
  )
}
