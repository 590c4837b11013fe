'use client'
import type { AttendanceEndpoint, AttendanceReport } from '@diemcau/core/contracts/report.ts'
import { search } from '@diemcau/core/text/fold.ts'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ExportHeader } from '../../ui/export-header.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { EndpointRow, PersonRow } from './attendance-rows.tsx'

type Filter = 'all' | 'present' | 'left' | 'absent' | 'late'
/** Once a meeting is over nobody is present any more; who left then simply attended. */
const filtersOf = (live: boolean): Filter[] =>
  live ? ['all', 'present', 'left', 'absent', 'late'] : ['all', 'left', 'absent', 'late']

/** Who was where and for how long: by hall in the order of protocol, then everyone without a hall. */
export function AttendancePage({ report, meetingCode }: { report: AttendanceReport; meetingCode: string }) {
  const t = useTranslations('portal.attendance')
  const format = useFormats()
  useRefresh(report.live, 5000)
  return (
    <>
      <ExportHeader
        back={{ href: `/meetings/${report.meetingId}`, label: report.title }}
        title={t('title')}
        isLive={report.live}
        href={`/api/meetings/${meetingCode}/attendance`}
        texts={{ live: t('live'), xlsx: t('xlsx'), csv: t('csv') }}
      >
        <span className="tabular">
          {format.range(report.startsAt, report.endsAt)} ·{' '}
          {t('asOf', { time: format.time(report.generatedAt) })}
        </span>
      </ExportHeader>
      <Totals report={report} />
      <Endpoints report={report} />
      {report.others.length > 0 && (
        <Section title={t('others', { count: report.others.length })}>
          <ul className="divide-y divide-line rounded-md border border-line bg-surface">
            {report.others.map(person => (
              <PersonRow key={person.identity} person={person} span={spanOf(report)} live={report.live} />
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

/** The time the bars show: the planned time, longer when people came earlier or stayed on. */
function spanOf(report: AttendanceReport): { fromMs: number; toMs: number; nowMs: number } {
  const nowMs = Date.parse(report.generatedAt)
  const all = [...report.endpoints, ...report.others].flatMap(one => one.intervals)
  const starts = all.map(interval => Date.parse(interval.from))
  const ends = all.map(interval => (interval.to ? Date.parse(interval.to) : nowMs))
  return {
    fromMs: Math.min(Date.parse(report.startsAt), ...starts),
    toMs: Math.max(Date.parse(report.endsAt), ...ends),
    nowMs,
  }
}

function Totals({ report: { totals, live } }: { report: AttendanceReport }) {
  const t = useTranslations('portal.attendance')
  const format = useFormats()
  const figures = [
    { key: 'present', value: totals.present, of: totals.planned },
    { key: 'absent', value: totals.absent },
    { key: 'late', value: totals.late },
    { key: 'people', value: totals.people },
  ] as const
  return (
    <dl className="mb-8 grid grid-cols-2 overflow-hidden rounded-md border border-line bg-surface sm:grid-cols-4">
      {figures.map(figure => (
        <div
          key={figure.key}
          className="-mt-px -ml-px flex flex-col-reverse border-t border-l border-line px-5 py-4"
        >
          <dt className="text-sm text-muted">
            {t(`total.${figure.key === 'present' && !live ? 'attended' : figure.key}`)}
          </dt>
          <dd className="tabular text-3xl font-semibold">
            {format.number(figure.value)}
            {'of' in figure && <span className="text-xl text-muted"> / {format.number(figure.of)}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Endpoints({ report }: { report: AttendanceReport }) {
  const t = useTranslations('portal.attendance')
  const [filter, setFilter] = useState<Filter>('all')
  const [query, setQuery] = useState('')
  const fits: Record<Filter, (endpoint: AttendanceEndpoint) => boolean> = {
    all: () => true,
    present: endpoint => endpoint.state === 'present',
    left: endpoint => endpoint.state === 'left',
    absent: endpoint => endpoint.state === 'absent',
    late: endpoint => endpoint.late,
  }
  const ordered = [...report.endpoints].sort((a, b) => a.order - b.order)
  const span = spanOf(report)
  const found = (one: Filter) =>
    search(ordered.filter(fits[one]), query, endpoint =>
      [endpoint.hall, endpoint.unit, ...endpoint.people.map(person => person.name)].join(' '),
    )
  return (
    <section aria-label={t('byEndpoint')}>
      <div className="flex flex-col-reverse gap-3 md:flex-row md:items-end md:justify-between">
        <Tabs
          label={t('filter')}
          value={filter}
          onChange={value => setFilter(value as Filter)}
          className="min-w-0 md:w-full"
          tabs={filtersOf(report.live).map(one => ({
            value: one,
            label: t(`${one === 'left' && !report.live ? 'attended' : `state.${one}`}`),
            count: ordered.filter(fits[one]).length,
            content: null,
          }))}
        />
        <SearchInput label={t('search')} value={query} onValue={setQuery} className="shrink-0 md:w-80" />
      </div>
      <div className="mt-4 rounded-md border border-line bg-surface">
        {found(filter).length === 0 ? (
          <EmptyState title={query ? t('noneFound', { query }) : t(`empty.${filter}`)} />
        ) : (
          <ul className="divide-y divide-line">
            {found(filter).map(endpoint => (
              <EndpointRow key={endpoint.endpointId} endpoint={endpoint} span={span} live={report.live} />
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}
