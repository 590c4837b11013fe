import type { MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import { isDue } from '@diemcau/core/meeting/is-due.ts'
import { CalendarPlus, CirclePlay, DoorOpen, Radio } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { Badge, LiveDot } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LinkButton, TextLink } from '../../ui/link-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { Refresh } from '../../ui/refresh.tsx'
import { useFormats } from '../../ui/use-formats.ts'

export interface TodayProps {
  userName: string
  /** ISO time at which the page was made. */
  now: string
  maySchedule: boolean
  live: MeetingSummary[]
  next: MeetingSummary[]
  waiting: { meetingId: string; code: string; title: string; lobby: number }[]
  recordings: { id: string; title: string; startedAt: string | null; durationMs: number | null }[]
}

/** The first page: what runs now, who waits for you, what comes next. Drawn on the server: it is read, not worked with. */
export function Today({ userName, now, maySchedule, live, next, waiting, recordings }: TodayProps) {
  const t = useTranslations('portal.home')
  const format = useFormats()
  const due = next.filter(meeting => meeting.may.join && isDue(meeting, Date.parse(now)))
  const open = [...live, ...due]
  const later = next.filter(meeting => !due.includes(meeting))
  return (
    <>
      <Refresh everyMs={20_000} />
      <PageHeader
        title={t('title')}
        actions={
          maySchedule && (
            <LinkButton
              href="/meetings/new"
              variant={open.length === 0 ? 'primary' : 'secondary'}
              icon={<CalendarPlus aria-hidden />}
            >
              {t('schedule')}
            </LinkButton>
          )
        }
      >
        {t('greeting', { day: format.fullDay(now), name: userName })}
      </PageHeader>

      {waiting.map(one => (
        <Notice key={one.meetingId} tone="warn" icon={<DoorOpen aria-hidden />} className="mb-3">
          <p className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
            <span>
              {t.rich('waiting', {
                count: one.lobby,
                title: () => <strong className="font-semibold">{one.title}</strong>,
              })}
            </span>
            <TextLink href={`/m/${one.code}`}>{t('openLobby')}</TextLink>
          </p>
        </Notice>
      ))}

      {open.length > 0 && (
        <section aria-labelledby="live" className="mb-10">
          <h2 id="live" className="sr-only">
            {t('live')}
          </h2>
          <ul className="grid gap-3">
            {open.map(meeting => (
              <OpenMeeting key={meeting.id} meeting={meeting} />
            ))}
          </ul>
        </section>
      )}

      <Section
        title={t('next')}
        className="mt-8"
        actions={<TextLink href="/meetings">{t('allMeetings')}</TextLink>}
      >
        {later.length === 0 ? (
          <div className="rounded-md border border-line bg-surface">
            <EmptyState title={t('nothingNext')}>
              {maySchedule ? t('nothingNextClerk') : t('nothingNextOther')}
            </EmptyState>
          </div>
        ) : (
          <Agenda meetings={later} />
        )}
      </Section>

      {recordings.length > 0 && (
        <Section
          title={t('recordings')}
          actions={<TextLink href="/recordings">{t('allRecordings')}</TextLink>}
        >
          <ul className="divide-y divide-line rounded-md border border-line bg-surface">
            {recordings.map(recording => (
              <li key={recording.id}>
                <Link
                  href={`/recordings/${recording.id}`}
                  className="flex min-h-14 items-center gap-3 px-4 py-2.5 hover:bg-canvas"
                >
                  <CirclePlay aria-hidden className="size-5 shrink-0 text-accent" />
                  <span className="min-w-0 flex-1 font-medium">{recording.title}</span>
                  <span className="tabular shrink-0 text-right text-sm text-muted">
                    {recording.startedAt && (
                      <span className="block">{format.dayTime(recording.startedAt)}</span>
                    )}
                    {recording.durationMs !== null && format.duration(recording.durationMs)}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

function OpenMeeting({ meeting }: { meeting: MeetingSummary }) {
  const t = useTranslations('portal.home')
  const format = useFormats()
  const isLive = meeting.status === 'live'
  return (
    <li
      data-live={isLive || undefined}
      className="flex flex-wrap items-center gap-x-8 gap-y-4 rounded-md border border-line border-l-4 border-l-accent bg-surface p-5 data-live:border-l-live"
    >
      <div className="min-w-0 flex-1 basis-80">
        <div className="mb-2 flex flex-wrap items-center gap-2">
          {isLive ? (
            <Badge tone="live" icon={<LiveDot />}>
              {t('liveNow')}
            </Badge>
          ) : (
            <Badge tone="accent" icon={<DoorOpen aria-hidden />}>
              {t('due')}
            </Badge>
          )}
          {meeting.recorded && (
            <Badge icon={<Radio aria-hidden />} tone="danger">
              {t('recorded')}
            </Badge>
          )}
        </div>
        <p className="text-xl font-semibold text-balance">
          <Link href={`/meetings/${meeting.id}`} className="underline-offset-4 hover:underline">
            {meeting.title}
          </Link>
        </p>
        <p className="mt-1 text-muted">
          {format.range(meeting.startsAt, meeting.endsAt)}
          {' · '}
          {t('chairedBy', { name: meeting.chairName })}
          {meeting.endpointCount > 0 && ` · ${t('endpoints', { count: meeting.endpointCount })}`}
        </p>
      </div>
      {meeting.may.join && (
        <LinkButton
          href={`/m/${meeting.code}`}
          variant="primary"
          size="lg"
          className="w-full sm:w-auto sm:min-w-44"
          prefetch={false}
        >
          {t('join')}
        </LinkButton>
      )}
    </li>
  )
}

/** Meetings under the days they fall on, the time in its own column. */
function Agenda({ meetings }: { meetings: MeetingSummary[] }) {
  const t = useTranslations('portal.home')
  const format = useFormats()
  const days = new Map<string, MeetingSummary[]>()
  for (const meeting of meetings) {
    const day = format.date(meeting.startsAt)
    days.set(day, [...(days.get(day) ?? []), meeting])
  }
  return (
    <div className="grid gap-6">
      {[...days].map(([day, ofDay]) => (
        <div key={day}>
          <h3 className="mb-2 text-sm font-semibold text-muted">{format.day(ofDay[0]?.startsAt ?? '')}</h3>
          <ul className="divide-y divide-line rounded-md border border-line bg-surface">
            {ofDay.map(meeting => (
              <li key={meeting.id}>
                <Link
                  href={`/meetings/${meeting.id}`}
                  className="flex gap-4 px-4 py-3 hover:bg-canvas sm:gap-6"
                >
                  <span className="tabular min-w-14 shrink-0 whitespace-nowrap">
                    <span className="block text-lg leading-6 font-semibold">
                      {format.time(meeting.startsAt)}
                    </span>
                    <span className="block text-sm text-muted">{format.time(meeting.endsAt)}</span>
                  </span>
                  <span className="min-w-0 flex-1">
                    <span className="block font-medium text-pretty">{meeting.title}</span>
                    <span className="block text-sm text-muted">
                      {t('chairedBy', { name: meeting.chairName })}
                      {meeting.endpointCount > 0 && ` · ${t('endpoints', { count: meeting.endpointCount })}`}
                    </span>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  )
}
