/** `2026-11-23 07:30:00` as the clock on the wall in `timeZone` shows it (milliseconds since the epoch). */
export const localTime = (at: number, timeZone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date(at))

/** A spreadsheet knows no time zone: what a cell holds is the clock on the wall, told as if it were UTC. */
export const wallClock = (at: number, timeZone: string): Date =>
  new Date(`${localTime(at, timeZone).replace(' ', 'T')}.000Z`)
