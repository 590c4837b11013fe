/** `2026-11-23`, as the calendar in `timeZone` says. */
export function localDate(at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at)
}

/** Start (ms since the epoch) of the local day in `timeZone` that contains `at`. */
export function startOfLocalDay(at: Date, timeZone: string): number {
  const midnightAsUtc = Date.parse(`${localDate(at, timeZone)}T00:00:00Z`)
  // The zone's offset at midnight may differ from that at `at`; two rounds settle it.
  let guess = midnightAsUtc
  for (let round = 0; round < 2; round++) guess = midnightAsUtc - offsetMs(new Date(guess), timeZone)
  return guess
}

function offsetMs(at: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const get = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find(p => p.type === type)?.value)
  const local = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'))
  return local - Math.floor(at.getTime() / 1000) * 1000
}
