/** An end can be taken back this long, milliseconds. */
export const REOPEN_WITHIN_MS = 10 * 60_000

/** Whether the end of a meeting can still be taken back. Times in ISO 8601; `now` in milliseconds. */
export const canReopen = (meeting: { status: string; endedAt: string | null }, now: number): boolean =>
  meeting.status === 'ended' &&
  meeting.endedAt !== null &&
  now - Date.parse(meeting.endedAt) <= REOPEN_WITHIN_MS
