/** Wall-clock time in a named zone, as people write it on an invitation. Months are 1..12. */
export interface WallTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

const formatters = new Map<string, Intl.DateTimeFormat>()
function formatterFor(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formatters.set(timeZone, formatter)
  }
  return formatter
}

/** What the clock on the wall in `timeZone` shows at `instant`. */
export function wallTime(instant: Date, timeZone: string): WallTime {
  const parts = new Map(
    formatterFor(timeZone)
      .formatToParts(instant)
      .map(part => [part.type, Number(part.value)]),
  )
  return {
    year: parts.get('year') ?? 0,
    month: parts.get('month') ?? 0,
    day: parts.get('day') ?? 0,
    hour: parts.get('hour') ?? 0,
    minute: parts.get('minute') ?? 0,
  }
}

const asUtc = (wall: WallTime): number =>
  Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute)

/** The instant at which the wall clock in `timeZone` shows `wall`; of a repeated hour (clocks set back) the first. */
export function instantOf(wall: WallTime, timeZone: string): Date {
  const target = asUtc(wall)
  // The offset can differ between the guess and the answer only near a clock change; two rounds settle it.
  let instant = target
  for (let round = 0; round < 2; round++) {
    instant += target - asUtc(wallTime(new Date(instant), timeZone))
  }
  return new Date(instant)
}

const pad = (value: number, length = 2): string => String(value).padStart(length, '0')

/** `22/11/2026` */
export const dateText = (wall: Pick<WallTime, 'year' | 'month' | 'day'>): string =>
  `${pad(wall.day)}/${pad(wall.month)}/${pad(wall.year, 4)}`

/** `14:05`, 24 hours. */
export const timeText = (wall: Pick<WallTime, 'hour' | 'minute'>): string =>
  `${pad(wall.hour)}:${pad(wall.minute)}`

/** Days since 1 January 1970 of a calendar day; differences count days, whatever the clock did between. */
export const dayNumber = (day: Pick<WallTime, 'year' | 'month' | 'day'>): number =>
  Math.floor(Date.UTC(day.year, day.month - 1, day.day) / 86_400_000)

/** Monday = 0 … Sunday = 6. */
export const weekday = (day: Pick<WallTime, 'year' | 'month' | 'day'>): number => (dayNumber(day) + 3) % 7

/**
 * Reads a day written the Vietnamese way: `22/11/2026`, `22-11-26`, `22.11` (the year of `today`), `22112026`.
 * Returns null for anything that is not a day of the calendar, such as 31/02/2026.
 */
export function parseDate(
  text: string,
  today: Pick<WallTime, 'year'>,
): Pick<WallTime, 'year' | 'month' | 'day'> | null {
  const trimmed = text.trim()
  const match =
    /^(\d{1,2})[/.\- ](\d{1,2})(?:[/.\- ](\d{4}|\d{2}))?$/.exec(trimmed) ??
    /^(\d{2})(\d{2})(\d{4})$/.exec(trimmed)
  if (!match) return null
  const [, dayText, monthText, yearText] = match
  const day = Number(dayText)
  const month = Number(monthText)
  const year = yearText === undefined ? today.year : Number(yearText) + (yearText.length === 2 ? 2000 : 0)
  const made = new Date(Date.UTC(year, month - 1, day))
  const isReal =
    made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day
  return isReal ? { year, month, day } : null
}

/** Reads a time: `14:30`, `14h30`, `14h`, `14.30`, `1430`, `9`. Returns null outside 00:00–23:59. */
export function parseTime(text: string): Pick<WallTime, 'hour' | 'minute'> | null {
  const trimmed = text.trim().toLowerCase()
  const match = /^(\d{1,2})(?:\s*[:.h]\s*(\d{1,2})?)?$/.exec(trimmed) ?? /^(\d{1,2})(\d{2})$/.exec(trimmed)
  if (!match) return null
  const hour = Number(match[1])
  const minute = Number(match[2] ?? 0)
  return hour <= 23 && minute <= 59 ? { hour, minute } : null
}

/** A day and a time as somebody types them, not yet checked. */
export interface TypedDateTime {
  date: string
  time: string
}

/** The instant of what was typed as UTC ISO text, or null when either half cannot be read. */
export function toIso(typed: TypedDateTime, timeZone: string, now: Date): string | null {
  const day = parseDate(typed.date, wallTime(now, timeZone))
  const time = parseTime(typed.time)
  return day && time ? instantOf({ ...day, ...time }, timeZone).toISOString() : null
}

/** The reverse of `toIso`. */
export function toTyped(iso: string, timeZone: string): TypedDateTime {
  const wall = wallTime(new Date(iso), timeZone)
  return { date: dateText(wall), time: timeText(wall) }
}
