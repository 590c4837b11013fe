/** What people type or follow to get in. All from the system's random source. */
import { randomInt } from 'node:crypto'
import { HALL_CODE_LENGTH } from '@diemcau/core/text/code-digits.ts'

/** Three groups people can read out over the telephone; about 46 bits, without look-alikes. */
export function newMeetingCode(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz'
  const group = (n: number) => Array.from({ length: n }, () => letters[randomInt(letters.length)]).join('')
  return `${group(3)}-${group(4)}-${group(3)}`
}

/** Six digits for guests. */
export const newPasscode = (): string => String(randomInt(1_000_000)).padStart(6, '0')

/**
 * Eight digits for one hall: two more than a passcode, so that one is never taken for the other, and so that a guess has no
 * better chance to hit one of 200 halls than to hit the passcode.
 */
export const newHallCode = (): string =>
  String(randomInt(10 ** HALL_CODE_LENGTH)).padStart(HALL_CODE_LENGTH, '0')
