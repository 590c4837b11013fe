import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import path from 'node:path'

/** A webhook that will not be sent any more. */
export interface AsideEvent {
  id: string
  key: string
  body: string
  /** When it came, milliseconds since the epoch. */
  at: number
  url: string
  reason: string
}

/** A disk is not to be filled: what comes then is lost. */
const FILE_BYTES = 1024 ** 3

/**
 * Adds them to a file of JSON lines, for people to read and to send by hand. The file may grow to `fileBytes`, 1 GiB by default.
 *
 * @throws Node's error when the disk refuses, an Error when the file is full; none of them is kept then.
 */
export function keepAside(file: string, events: readonly AsideEvent[], fileBytes = FILE_BYTES): void {
  const lines = events.map(
    ({ id, key, at, url, reason, body }) => `${JSON.stringify({ id, key, at, url, reason, body })}\n`,
  )
  mkdirSync(path.dirname(file), { recursive: true })
  const fd = openSync(file, 'a+')
  try {
    const { size } = fstatSync(fd)
    if (size > fileBytes) throw new Error(`${file} is full`)
    appendFileSync(fd, `${isTorn(fd, size) ? '\n' : ''}${lines.join('')}`)
  } finally {
    closeSync(fd)
  }
}

/** Its last line was cut off by a crash: the next one begins on a line of its own. */
function isTorn(fd: number, size: number): boolean {
  if (size === 0) return false
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  return last[0] !== 0x0a
}
