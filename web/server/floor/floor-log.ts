/**
 * The log of a meeting's floor events. A row is appended in one transaction with what it changes, under a row lock on
 * the meeting, which gives the sequence numbers their order; the broadcast follows the commit.
 */
import type { FloorEvent, FloorEventBody } from '@diemcau/core/contracts/floor.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { audienceOf, eventTypesFor } from '@diemcau/core/floor/audience.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { whenDatabaseIsBack } from '../database-away.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorRow } from './floor-row.ts'

/** The meeting's row as it stands under the lock. */
export type LockedMeeting = Prisma.MeetingGetPayload<object>

export interface FloorScope {
  tx: Tx
  meeting: LockedMeeting
  /** Time of everything in this transaction. */
  now: Date
  /** Who gets it is in the table of audiences; `identity` is told too, where the event itself names nobody. */
  emit(body: FloorEventBody, options?: { identity?: string }): void
}

/**
 * Runs `work` under the meeting's lock and appends what it emitted; then broadcasts. Nothing is broadcast when it
 * throws. @throws AppError `not_found` when there is no such meeting.
 * @param options `againUntil` (`performance.now()`): while the database is away it is tried again until then, ahead of all that comes
 * after it; for `work` that bears being done twice.
 */
export function appendToFloor<T>(
  runtime: Runtime,
  meetingId: string,
  work: (scope: FloorScope) => Promise<T>,
  options: { againUntil?: number } = {},
): Promise<T> {
  const append = () => runtime.db.$transaction(tx => appendInTransaction(tx, meetingId, work))
  return runtime.queues.run(meetingId, async () => {
    const { result, rows, lastSeq } = await (options.againUntil === undefined
      ? append()
      : whenDatabaseIsBack(options.againUntil, append))
    await runtime.broadcaster.publish(meetingId, rows, lastSeq)
    return result
  })
}

/** The same inside a transaction of the caller, who publishes `rows` with `lastSeq` after the commit, in the meeting's queue. */
export async function appendInTransaction<T>(
  tx: Tx,
  meetingId: string,
  work: (scope: FloorScope) => Promise<T>,
): Promise<{ result: T; rows: FloorRow[]; lastSeq: number }> {
  const [meeting] = await tx.$queryRaw<
    LockedMeeting[]
  >`SELECT * FROM "meeting" WHERE "id" = ${meetingId} FOR UPDATE`
  if (!meeting) throw new AppError('not_found', `no meeting ${meetingId}`)
  const now = new Date()
  const rows: FloorRow[] = []
  const result = await work({
    tx,
    meeting,
    now,
    emit(body, options = {}) {
      const seq = meeting.lastSeq + rows.length + 1
      const { audience, identity } = audienceOf(body)
      rows.push({
        seq,
        audience,
        identity: options.identity ?? identity,
        event: { seq, at: now.toISOString(), ...body },
      })
    },
  })
  if (rows.length > 0) {
    await tx.floorEventRow.createMany({
      data: rows.map(row => ({
        meetingId,
        seq: row.seq,
        at: now,
        type: row.event.type,
        audience: row.audience,
        identity: row.identity,
        body: row.event,
      })),
    })
    await tx.meeting.update({ where: { id: meetingId }, data: { lastSeq: meeting.lastSeq + rows.length } })
  }
  return { result, rows, lastSeq: meeting.lastSeq + rows.length }
}

/** Events that were committed and may have been told to nobody, oldest first. @param from the first number, @param to the last */
export async function readRows(tx: Tx, meetingId: string, from: number, to: number): Promise<FloorRow[]> {
  const rows = await tx.floorEventRow.findMany({
    where: { meetingId, seq: { gte: from, lte: to } },
    orderBy: { seq: 'asc' },
  })
  return rows.map(({ seq, audience, identity, body }) => ({
    seq,
    audience: audience as FloorRow['audience'],
    identity,
    // Written by `appendInTransaction` alone.
    event: body as unknown as FloorEvent,
  }))
}

/** Events after `since`, oldest first, as `reader` may see them. */
export async function readEventsSince(
  tx: Tx,
  meetingId: string,
  since: number,
  reader: { identity: string; role: MeetingRole },
): Promise<FloorEvent[]> {
  const rows = await tx.floorEventRow.findMany({
    where: {
      meetingId,
      seq: { gt: since },
      OR: [{ type: { in: eventTypesFor(reader.role) } }, { identity: reader.identity }],
    },
    orderBy: { seq: 'asc' },
  })
  // Written by `appendInTransaction` alone.
  return rows.map(row => row.body as unknown as FloorEvent)
}
