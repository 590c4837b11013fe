'use client'
import { CirclePlay, Download } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LinkButton, TextLink } from '../../ui/link-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { UrlSearch } from '../../ui/url-search.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { RecordingStatus } from './recording-status.tsx'
import { isUnderWay, type RecordingItem } from './recording-view.ts'

/** All recordings the reader may see, newest first; those being made move on by themselves. */
export function RecordingList({
  recordings,
  query,
  ofMeeting,
}: {
  recordings: RecordingItem[]
  /** What was searched for, as it stands in the address. */
  query: string
  /** Only the recordings of this meeting are listed. */
  ofMeeting: { id: string; title: string } | null
}) {
  const t = useTranslations('portal.recordings')
  const format = useFormats()
  useRefresh(
    recordings.some(recording => isUnderWay(recording.status)),
    4000,
  )
  const columns: Column<RecordingItem>[] = [
    {
      id: 'title',
      head: t('meeting'),
      sortBy: recording => recording.title,
      cell: recording => (
        <Link
          href={`/recordings/${recording.id}`}
          className="block py-1 font-medium text-pretty underline-offset-4 hover:text-accent hover:underline"
        >
          {recording.title}
        </Link>
      ),
    },
    {
      id: 'when',
      head: t('when'),
      className: 'tabular whitespace-nowrap',
      sortBy: recording => recording.startedAt ?? recording.requestedAt,
      cell: recording => format.dayTime(recording.startedAt ?? recording.requestedAt),
    },
    {
      id: 'length',
      head: t('length'),
      from: 'lg',
      className: 'tabular whitespace-nowrap',
      sortBy: recording => recording.durationMs ?? 0,
      cell: recording => (recording.durationMs === null ? '–' : format.duration(recording.durationMs)),
    },
    {
      id: 'size',
      head: t('size'),
      from: 'xl',
      align: 'end',
      className: 'tabular whitespace-nowrap',
      sortBy: recording => recording.sizeBytes ?? 0,
      cell: recording => (recording.sizeBytes === null ? '–' : format.bytes(recording.sizeBytes)),
    },
    {
      id: 'status',
      head: t('state'),
      from: 'md',
      sortBy: recording => recording.status,
      cell: recording => <RecordingStatus recording={recording} />,
    },
    {
      id: 'do',
      head: <span className="sr-only">{t('actions')}</span>,
      align: 'end',
      className: 'whitespace-nowrap',
      cell: recording => <RowActions recording={recording} />,
    },
  ]
  return (
    <>
      <PageHeader
        title={t('title')}
        {...(ofMeeting && { back: { href: `/meetings/${ofMeeting.id}`, label: ofMeeting.title } })}
      />
      {ofMeeting && (
        <Notice className="mb-4">
          {t.rich('onlyOf', {
            title: ofMeeting.title,
            link: chunks => <TextLink href="/recordings">{chunks}</TextLink>,
          })}
        </Notice>
      )}
      {(recordings.length > 0 || query) && <UrlSearch label={t('search')} className="mb-4 md:w-80" />}
      <Table
        label={t('title')}
        rows={recordings}
        columns={columns}
        rowKey={recording => recording.id}
        initialSort={{ id: 'when', descending: true }}
        compact={recording => (
          <div className="flex flex-col gap-2">
            <Link href={`/recordings/${recording.id}`} className="block">
              <span className="block font-medium">{recording.title}</span>
              <span className="tabular block text-sm text-muted">
                {format.dayTime(recording.startedAt ?? recording.requestedAt)}
                {recording.durationMs !== null && ` · ${format.duration(recording.durationMs)}`}
              </span>
            </Link>
            <div className="flex items-center justify-between gap-3">
              <RecordingStatus recording={recording} />
              <RowActions recording={recording} />
            </div>
          </div>
        )}
        empty={
          <EmptyState icon={<CirclePlay />} title={query ? t('noneFound', { query }) : t('empty')}>
            {!query && t('emptyHelp')}
          </EmptyState>
        }
      />
    </>
  )
}

function RowActions({ recording }: { recording: RecordingItem }) {
  const t = useTranslations('portal.recordings')
  const isReady = recording.status === 'ready'
  return (
    <span className="inline-flex gap-2">
      {isReady && recording.may.download && (
        <LinkButton
          href={`/api/recordings/${recording.id}/file?download=1`}
          size="sm"
          variant="quiet"
          className="hidden lg:inline-flex"
          icon={<Download aria-hidden />}
          prefetch={false}
          download
        >
          {t('download')}
        </LinkButton>
      )}
      <LinkButton href={`/recordings/${recording.id}`} size="sm">
        {isReady && recording.may.play ? t('play') : t('open')}
      </LinkButton>
    </span>
  )
}
