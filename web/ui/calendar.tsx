'use client'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { IconButton } from './icon-button.tsx'
import { cx } from './lib/cx.ts'
import { dateText, dayNumber, weekday } from './lib/zoned-time.ts'

export interface CalendarDay {
  year: number
  month: number
  day: number
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const fromNumber = (number: number): CalendarDay => {
  const date = new Date(number * 86_400_000)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** One month, weeks beginning on Monday. Arrows move by day and week, PageUp and PageDown by month. */
export function Calendar({
  selected,
  today,
  onSelect,
}: {
  selected: CalendarDay | null
  today: CalendarDay
  onSelect: (day: CalendarDay) => void
}) {
  const t = useTranslations('common.time')
  const [focused, setFocused] = useState(dayNumber(selected ?? today))
  const focusedButton = useRef<HTMLButtonElement>(null)
  const shown = fromNumber(focused)
  const firstOfMonth = { ...shown, day: 1 }
  const start = dayNumber(firstOfMonth) - weekday(firstOfMonth)
  const weeks = Array.from({ length: 6 }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => start + week * 7 + day),
  ).filter(week => week.some(number => fromNumber(number).month === shown.month))

  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus follows the day the keys moved to.
  useEffect(() => focusedButton.current?.focus(), [focused])

  const moveMonth = (step: number) => {
    const target = new Date(Date.UTC(shown.year, shown.month - 1 + step, 1))
    const last = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate()
    setFocused(
      dayNumber({
        year: target.getUTCFullYear(),
        month: target.getUTCMonth() + 1,
        day: Math.min(shown.day, last),
      }),
    )
  }
  const handleKey = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }
    const step = steps[event.key]
    if (step !== undefined) setFocused(focused + step)
    else if (event.key === 'PageUp') moveMonth(-1)
    else if (event.key === 'PageDown') moveMonth(1)
    else return
    event.preventDefault()
  }

  return (
    <div>
      <div className="mb-2 flex items-center justify-between">
        <IconButton label={t('previousMonth')} icon={<ChevronLeft />} onClick={() => moveMonth(-1)} />
        <p aria-live="polite" className="font-semibold">
          {t('monthYear', { month: shown.month, year: String(shown.year) })}
        </p>
        <IconButton label={t('nextMonth')} icon={<ChevronRight />} onClick={() => moveMonth(1)} />
      </div>
      <table className="tabular border-collapse">
        <thead>
          <tr>
            {WEEKDAYS.map(name => (
              <th key={name} scope="col" className="h-9 w-11 text-sm font-medium text-muted">
                {t(`weekdayShort.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={handleKey}>
          {weeks.map(week => (
            <tr key={week[0]}>
              {week.map(number => {
                const day = fromNumber(number)
                const isSelected = selected !== null && number === dayNumber(selected)
                return (
                  <td key={number} className="p-0">
                    <button
                      type="button"
                      ref={number === focused ? focusedButton : undefined}
                      tabIndex={number === focused ? 0 : -1}
                      aria-label={dateText(day)}
                      aria-pressed={isSelected}
                      aria-current={number === dayNumber(today) ? 'date' : undefined}
                      onClick={() => onSelect(day)}
                      className={cx(
                        'flex size-11 items-center justify-center rounded-md hover:bg-accent-soft aria-[current=date]:font-bold aria-[current=date]:text-accent',
                        day.month !== shown.month && 'text-muted',
                        isSelected &&
                          'bg-accent text-on-accent hover:bg-accent-hover aria-[current=date]:text-on-accent',
                      )}
                    >
                      {day.day}
                    </button>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
