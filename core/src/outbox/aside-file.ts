import { Journal } from './journal.ts'

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

/** More are not kept: the file is for people to read. */
const MOST_LINES = 10_000

/** Adds it to a file of JSON lines. @throws Node's error when the disk refuses. */
export function keepAside(file: string, { id, key, at, url, reason, body }: AsideEvent): void {
  const { journal } = Journal.open<object>(file, value => value as object)
  try {
    if (journal.length < MOST_LINES) journal.append({ id, key, at, url, reason, body })
  } finally {
    journal.close()
  }
}
