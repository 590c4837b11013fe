'use client'
import type { AttendanceEndpoint, AttendancePerson } from '@diemcau/core/contracts/report.ts'
import { ChevronDown, Circle, CircleCheck, CircleMinus, Clock } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { cx } from '../../ui/lib/cx.ts'
import { useFormats } from '../../ui/use-formats.ts'
import { presenceParts } from './presence-bar.ts'

export interface BarSpan {
  fromMs: number
  toMs: number
  nowMs: number
}

const layout =
  'grid grid-cols-1 items-center gap-x-6 gap-y-1.5 px-4 py-2.5 md:grid-cols-[minmax(0,1fr)_9.5rem_minmax(8rem,14rem)_8rem]'

/** One hall; opens to the people who spoke for it. */
export function EndpointRow({
  endpoint,
  span,
  live,
}: {
  endpoint: AttendanceEndpoint
  span: BarSpan
  live: boolean
}) {
  const t = useTranslations('portal.attendance')
  const [isOpen, setOpen] = useState(false)
  const hasPeople = endpoint.people.length > 0
  return (
    <li>
      <div className={layout}>
        <div className="flex min-w-0 items-start gap-2">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-label={t('showPeople', { hall: endpoint.hall })}
            disabled={!hasPeople}
            onClick={() => setOpen(!isOpen)}
            className="-my-1 -ml-2.5 flex size-11 shrink-0 items-center justify-center rounded-md text-muted hover:bg-sunken disabled:invisible"
          >
            <ChevronDown aria-hidden className={cx('size-5 transition-transform', isOpen && 'rotate-180')} />
          </button>
          <div className="min-w-0 py-1">
            <p className="font-medium text-pretty">{endpoint.hall}</p>
            <p className="text-sm text-muted">{endpoint.unit}</p>
          </div>
        </div>
        <div className="flex flex-wrap gap-1.5 pl-[2.625rem] md:pl-0">
          <StateBadge state={endpoint.state} live={live} />
          {endpoint.late && <LateBadge />}
        </div>
        <Times one={endpoint} span={span} className="pl-[2.625rem] md:contents" />
      </div>
      {isOpen && (
        <ul className="border-t border-line bg-canvas">
          {endpoint.people.map(person => (
            <PersonRow key={person.identity} person={person} span={span} live={live} isNested />
          ))}
        </ul>
      )}
    </li>
  )
}

/** One person: under a hall, or alone when they had none. */
export function PersonRow({
  person,
  span,
  live,
  isNested = false,
}: {
  person: AttendancePerson
  span: BarSpan
  live: boolean
  isNested?: boolean
}) {
  const t = useTranslations('portal.attendance.role')
  const place = [person.hall !== person.name && person.hall, person.unit].filter(Boolean).join(' – ')
  return (
    <li className={layout}>
      <div className={cx('min-w-0', isNested && 'pl-[2.625rem]')}>
        <p>{person.name}</p>
        <p className="text-sm text-muted">
          {t.has(person.role) ? t(person.role) : person.role}
          {!isNested && place && ` · ${place}`}
        </p>
      </div>
      <div className={cx('flex flex-wrap gap-1.5', isNested && 'pl-[2.625rem] md:pl-0')}>
        <StateBadge state={person.present ? 'present' : person.firstIn ? 'left' : 'absent'} live={live} />
        {person.late && <LateBadge />}
      </div>
      <Times one={person} span={span} className={isNested ? 'pl-[2.625rem] md:contents' : 'md:contents'} />
    </li>
  )
}

function Times({
  one,
  span,
  className,
}: {
  one: Pick<AttendancePerson, 'intervals' | 'firstIn' | 'lastOut' | 'present' | 'totalMs'>
  span: BarSpan
  className: string
}) {
  const t = useTranslations('portal.attendance')
  const format = useFormats()
  const intervals = one.intervals
    .map(interval =>
      interval.to
        ? `${format.time(interval.from)} – ${format.time(interval.to)}`
        : t('since', { time: format.time(interval.from) }),
    )
    .join('; ')
  return (
    <div className={className}>
      <div>
        {one.firstIn ? (
          <>
            <p className="tabular text-sm">
              {one.present || !one.lastOut
                ? t('since', { time: format.time(one.firstIn) })
                : `${format.time(one.firstIn)} – ${format.time(one.lastOut)}`}
              {one.intervals.length > 1 && (
                <span className="text-muted"> · {t('times', { count: one.intervals.length })}</span>
              )}
            </p>
            <div
              role="img"
              aria-label={intervals}
              title={intervals}
              className="relative mt-1 h-2 overflow-hidden rounded-full bg-sunken"
            >
              {presenceParts(one.intervals, span.fromMs, span.toMs, span.nowMs).map(part => (
                <span
                  key={part.left}
                  className="absolute inset-y-0 bg-accent"
                  style={{ left: `${part.left}%`, width: `${part.width}%` }}
                />
              ))}
            </div>
          </>
        ) : (
          <p className="text-sm text-muted">{t('never')}</p>
        )}
      </div>
      <p className="tabular font-medium md:text-right">
        {one.totalMs > 0 ? format.duration(one.totalMs) : ''}
      </p>
    </div>
  )
}

function StateBadge({ state, live }: { state: AttendanceEndpoint['state']; live: boolean }) {
  const t = useTranslations('portal.attendance')
  if (state === 'present') {
    return (
      <Badge tone="ok" icon={<CircleCheck aria-hidden />}>
        {t('state.present')}
      </Badge>
    )
  }
  if (state === 'left' && !live) {
    return (
      <Badge tone="ok" icon={<CircleCheck aria-hidden />}>
        {t('attended')}
      </Badge>
    )
  }
  return state === 'left' ? (
    <Badge icon={<CircleMinus aria-hidden />}>{t('state.left')}</Badge>
  ) : (
    <Badge tone="danger" icon={<Circle aria-hidden />}>
      {t('state.absent')}
    </Badge>
  )
}

function LateBadge() {
  const t = useTranslations('portal.attendance.state')
  return (
    <Badge tone="warn" icon={<Clock aria-hidden />}>
      {t('late')}
    </Badge>
  )
}
