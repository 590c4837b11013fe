'use client'
import { CalendarDays } from 'lucide-react'
import { useTimeZone, useTranslations } from 'next-intl'
import { Popover } from 'radix-ui'
import { useId, useState } from 'react'
import { Calendar } from './calendar.tsx'
import { useFieldControl } from './field.tsx'
import { controlStyles } from './input.tsx'
import { cx } from './lib/cx.ts'
import { dateText, parseDate, parseTime, type TypedDateTime, timeText, wallTime } from './lib/zoned-time.ts'
import { DEFAULT_TIME_ZONE } from './use-formats.ts'

const HALF_HOURS = Array.from({ length: 32 }, (_, index) =>
  timeText({ hour: 6 + Math.floor(index / 2), minute: (index % 2) * 30 }),
)

/**
 * Day (dd/mm/yyyy) and time (24 hours) as two boxes that can be typed into; a calendar helps with the day. Keeps what
 * was typed, even when it cannot be read yet; on leaving a box, what can be read is written out in full.
 */
export function DateTimeField({
  value,
  onChange,
  idPrefix,
  disabled,
}: {
  value: TypedDateTime
  onChange: (value: TypedDateTime) => void
  /** Ids become `<prefix>` for the day and `<prefix>-time` for the time. */
  idPrefix?: string
  disabled?: boolean
}) {
  const t = useTranslations('common.ui')
  const made = useId()
  const control = useFieldControl({ id: idPrefix })
  const id = control.id ?? made
  const timeZone = useTimeZone() ?? DEFAULT_TIME_ZONE
  const [isOpen, setOpen] = useState(false)
  const today = wallTime(new Date(), timeZone)
  const day = parseDate(value.date, today)

  return (
    <div className="flex flex-wrap gap-2">
      <Popover.Root open={isOpen} onOpenChange={setOpen}>
        <Popover.Anchor asChild>
          <div className="relative min-w-44 flex-[3]">
            <input
              {...control}
              id={id}
              inputMode="numeric"
              autoComplete="off"
              placeholder={t('datePlaceholder')}
              disabled={disabled}
              value={value.date}
              onChange={event => onChange({ ...value, date: event.target.value })}
              onBlur={() => day && onChange({ ...value, date: dateText(day) })}
              className={cx(controlStyles, 'tabular pr-12')}
            />
            <Popover.Trigger
              aria-label={t('openCalendar')}
              disabled={disabled}
              className="absolute inset-y-0 right-0 flex w-11 items-center justify-center rounded-md text-muted hover:text-text"
            >
              <CalendarDays aria-hidden className="size-5" />
            </Popover.Trigger>
          </div>
        </Popover.Anchor>
        <Popover.Portal>
          <Popover.Content
            align="start"
            sideOffset={4}
            collisionPadding={8}
            className="z-50 animate-fade rounded-md border border-line bg-raised p-3 shadow-pop"
          >
            <Calendar
              selected={day}
              today={today}
              onSelect={chosen => {
                onChange({ ...value, date: dateText(chosen) })
                setOpen(false)
              }}
            />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <div className="min-w-28 flex-[2]">
        <input
          id={`${id}-time`}
          aria-label={t('time')}
          aria-describedby={control['aria-describedby']}
          aria-invalid={control['aria-invalid']}
          inputMode="numeric"
          autoComplete="off"
          list={`${id}-times`}
          placeholder={t('timePlaceholder')}
          disabled={disabled}
          value={value.time}
          onChange={event => onChange({ ...value, time: event.target.value })}
          onBlur={() => {
            const time = parseTime(value.time)
            if (time) onChange({ ...value, time: timeText(time) })
          }}
          className={cx(controlStyles, 'tabular [&::-webkit-calendar-picker-indicator]:hidden!')}
        />
        <datalist id={`${id}-times`}>
          {HALF_HOURS.map(time => (
            <option key={time} value={time} />
          ))}
        </datalist>
      </div>
    </div>
  )
}
