'use client'
import type { MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import { isDue } from '@diemcau/core/meeting/is-due.ts'
import { CalendarDays, CalendarPlus } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { LinkTabs } from '../../ui/link-tabs.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { UrlSearch } from '../../ui/url-search.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { type MeetingScope, meetingScopes } from './scopes.ts'
import { StatusBadge } from './status-badge.tsx'

/** All meetings the reader may see, filtered by the address, so that a filtered list can be kept and sent. */
export function MeetingList({
  meetings,
  scope,
  query,
  maySchedule,
}: {
  meetings: MeetingSummary[]
  scope: MeetingScope
  query: string
  maySchedule: boolean
}) {
  const t = useTranslations('portal.meetings')
  const kinds = useTranslations('portal.meeting.kind')
  const format = useFormats()
  const hrefOf = (one: MeetingScope) =>
    `/meetings?${new URLSearchParams({ scope: one, ...(query && { q: query }) })}`

  const columns: Column<MeetingSummary>[] = [
    {
      id: 'when',
      head: t('when'),
      sortBy: meeting => meeting.startsAt,
      className: 'tabular w-44 whitespace-nowrap',
      cell: meeting => (
        <>
          <span className="block font-medium">{format.day(meeting.startsAt)}</span>
          <span className="block text-sm text-muted">
            {format.time(meeting.startsAt)} – {format.time(meeting.endsAt)}
          </span>
        </>
      ),
    },
    {
      id: 'title',
      head: t('meeting'),
      sortBy: meeting => meeting.title,
      cell: meeting => (
        <>
          <Link
            href={`/meetings/${meeting.id}`}
            className="block py-0.5 font-medium text-pretty underline-offset-4 hover:text-accent hover:underline"
          >
            {meeting.title}
          </Link>
          <span className="block text-sm text-muted">{kinds(meeting.kind)}</span>
        </>
      ),
    },
    {
      id: 'chair',
      head: t('chair'),
      from: 'lg',
      sortBy: meeting => meeting.chairName,
      cell: meeting => meeting.chairName,
    },
    {
      id: 'endpoints',
      head: t('endpoints'),
      from: 'xl',
      align: 'end',
      className: 'tabular',
      sortBy: meeting => meeting.endpointCount,
      cell: meeting => format.number(meeting.endpointCount),
    },
    {
      id: 'status',
      head: t('status'),
      from: 'md',
      sortBy: meeting => meeting.status,
      cell: meeting => <StatusBadge status={meeting.status} />,
    },
    {
      id: 'do',
      head: <span className="sr-only">{t('actions')}</span>,
      align: 'end',
      className: 'whitespace-nowrap',
      cell: meeting => <NextStep meeting={meeting} />,
    },
  ]

  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          maySchedule && (
            <LinkButton href="/meetings/new" variant="primary" icon={<CalendarPlus aria-hidden />}>
              {t('schedule')}
            </LinkButton>
          )
        }
      />
      <div className="mb-4 flex flex-col gap-3 md:flex-row md:items-end md:justify-between">
        <LinkTabs
          label={t('scopes')}
          tabs={meetingScopes.map(one => ({
            href: hrefOf(one),
            label: t(`scope.${one}`),
            isCurrent: one === scope,
          }))}
        />
        <UrlSearch label={t('search')} className="md:w-80" />
      </div>
      <Table
        key={scope}
        label={t('title')}
        rows={meetings}
        columns={columns}
        rowKey={meeting => meeting.id}
        compact={meeting => (
          <div className="flex flex-col gap-2">
            <Link href={`/meetings/${meeting.id}`} className="block">
              <span className="tabular block text-sm text-muted">
                {format.range(meeting.startsAt, meeting.endsAt)}
              </span>
              <span className="block font-medium">{meeting.title}</span>
              <span className="block text-sm text-muted">{t('chairedBy', { name: meeting.chairName })}</span>
            </Link>
            <div className="flex items-center justify-between gap-3">
              <StatusBadge status={meeting.status} />
              <NextStep meeting={meeting} />
            </div>
          </div>
        )}
        empty={
          <EmptyState icon={<CalendarDays />} title={query ? t('noneFound', { query }) : t(`empty.${scope}`)}>
            {query ? t('noneFoundHelp') : maySchedule ? t('emptyClerk') : t('emptyOther')}
          </EmptyState>
        }
      />
    </>
  )
}

/** The one thing that is usually done next with a meeting in this state. */
function NextStep({ meeting }: { meeting: MeetingSummary }) {
  const t = useTranslations('portal.meetings')
  if (meeting.may.join && isDue(meeting, Date.now())) {
    return (
      <LinkButton href={`/m/${meeting.code}`} variant="primary" size="sm" prefetch={false}>
        {t('join')}
      </LinkButton>
    )
  }
  if (meeting.status === 'ended' && meeting.may.readAttendance) {
    return (
      <LinkButton href={`/meetings/${meeting.id}/attendance`} variant="secondary" size="sm">
        {t('attendance')}
      </LinkButton>
    )
  }
  return (
    <LinkButton href={`/meetings/${meeting.id}`} variant="secondary" size="sm">
      {t('open')}
    </LinkButton>
  )
}
