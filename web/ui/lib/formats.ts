import { dateText, dayNumber, timeText, wallTime, weekday } from './zoned-time.ts'

/** The texts under `common.time`, as any next-intl translator gives them. */
export type TimeTexts = (key: string, values?: Record<string, string | number>) => string

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export interface Formats {
  /** `14:00` */
  time: (iso: string) => string
  /** `22/11/2026` */
  date: (iso: string) => string
  /** `Hôm nay`, `Ngày mai`, otherwise `Thứ Ba 24/11/2026`. */
  day: (iso: string) => string
  /** `Hôm nay 14:00` */
  dayTime: (iso: string) => string
  /** `hôm nay 14:00`: the same inside a sentence. */
  inSentence: (iso: string) => string
  /** `Hôm nay 14:00 – 16:00`; the second day is named only when it differs. */
  range: (fromIso: string, toIso: string) => string
  /** `Thứ Ba 24/11/2026`, never "today": for what is read later, such as an invitation. */
  fullDay: (iso: string) => string
  /** `1 giờ 20 phút`, `45 giây`; seconds only below one minute. */
  duration: (ms: number) => string
  /** `1:20:05`, for players. */
  clock: (ms: number) => string
  /** `1,2 GB` */
  bytes: (bytes: number) => string
  /** `1.234` */
  number: (value: number) => string
}

/** All of a page's ways to write times and numbers, in one language and time zone. `now` decides what is today. */
export function createFormats(locale: string, timeZone: string, now: Date, t: TimeTexts): Formats {
  const numberLocale = locale === 'vi' ? 'vi-VN' : 'en-GB'
  const wallOf = (iso: string) => wallTime(new Date(iso), timeZone)
  const today = dayNumber(wallTime(now, timeZone))
  const number = (value: number, digits = 0) =>
    value.toLocaleString(numberLocale, { maximumFractionDigits: digits })

  const time = (iso: string) => timeText(wallOf(iso))
  const date = (iso: string) => dateText(wallOf(iso))
  const fullDay = (iso: string) => {
    const wall = wallOf(iso)
    return t('weekdayDate', { weekday: t(`weekday.${WEEKDAYS[weekday(wall)]}`), date: dateText(wall) })
  }
  const dayWith = (iso: string, texts: 'near' | 'nearInSentence') => {
    const distance = dayNumber(wallOf(iso)) - today
    if (distance === 0) return t(`${texts}.today`)
    if (distance === 1) return t(`${texts}.tomorrow`)
    if (distance === -1) return t(`${texts}.yesterday`)
    return fullDay(iso)
  }
  const day = (iso: string) => dayWith(iso, 'near')
  const dayTime = (iso: string) => `${day(iso)} ${time(iso)}`

  return {
    time,
    date,
    day,
    dayTime,
    fullDay,
    inSentence: iso => `${dayWith(iso, 'nearInSentence')} ${time(iso)}`,
    range: (fromIso, toIso) =>
      dayNumber(wallOf(fromIso)) === dayNumber(wallOf(toIso))
        ? `${dayTime(fromIso)} – ${time(toIso)}`
        : `${dayTime(fromIso)} – ${dayTime(toIso)}`,
    duration: ms => {
      const seconds = Math.max(0, Math.round(ms / 1000))
      if (seconds < 60) return t('seconds', { count: seconds })
      const minutes = Math.round(seconds / 60)
      const hours = Math.floor(minutes / 60)
      const rest = minutes % 60
      if (hours === 0) return t('minutes', { count: minutes })
      return rest === 0
        ? t('hours', { count: hours })
        : `${t('hours', { count: hours })} ${t('minutes', { count: rest })}`
    },
    clock: ms => {
      const seconds = Math.max(0, Math.floor(ms / 1000))
      const two = (value: number) => String(value).padStart(2, '0')
      const hours = Math.floor(seconds / 3600)
      const minutes = Math.floor(seconds / 60) % 60
      return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
    },
    bytes: bytes => {
      const units = ['B', 'kB', 'MB', 'GB', 'TB']
      let value = bytes
      let unit = 0
      while (value >= 1000 && unit < units.length - 1) {
        value /= 1000
        unit++
      }
      return `${number(value, value < 10 && unit > 1 ? 1 : 0)} ${units[unit]}`
    },
    number,
  }
}
