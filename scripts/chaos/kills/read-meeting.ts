/** What is there of a meeting: the portal's database, read as it stands. */
import type { PresenceRow } from '@diemcau/core/attendance/compute-report.ts'
import type { Db } from '@diemcau/prisma/client.ts'
import type { ChatRow, LogEntry } from './compare-floor.ts'
import type { Settings } from './settings-writer.ts'

export interface MeetingFacts {
  lastSeq: number
  status: string
  settings: Settings
  chat: ChatRow[]
  /** Identities whose hand is up. */
  hands: string[]
  log: LogEntry[]
}

export async function readMeeting(db: Db, meetingId: string): Promise<MeetingFacts> {
  const where = { meetingId }
  const [meeting, chat, hands, events] = await db.$transaction([
    db.meeting.findUniqueOrThrow({ where: { id: meetingId } }),
    db.chatMessageRow.findMany({ where, orderBy: { seq: 'asc' } }),
    db.raisedHandRow.findMany({ where }),
    db.floorEventRow.findMany({ where, orderBy: { seq: 'asc' } }),
  ])
  const { lastSeq, status, viewersMayRaiseHand, viewersMayAsk, locked, spotlight } = meeting
  return {
    lastSeq,
    status,
    settings: { viewersMayRaiseHand, viewersMayAsk, locked, spotlight },
    chat: chat.map(({ id, identity, text }) => ({ id, identity, text })),
    hands: hands.map(({ identity }) => identity),
    log: events.map(({ seq, type, body }) => ({ seq, type, about: aboutOf(body) })),
  }
}

/** Of a floor event (core/contracts/floor.ts): the message's id, or who raised or lowered a hand. */
function aboutOf(body: unknown): string {
  const { message, hand, identity } = body as {
    message?: { id: string }
    hand?: { identity: string }
    identity?: string | null
  }
  return message?.id ?? hand?.identity ?? identity ?? ''
}

export async function readPresence(db: Db, meetingId: string): Promise<PresenceRow[]> {
  const rows = await db.presenceEvent.findMany({ where: { meetingId }, orderBy: { receivedAt: 'asc' } })
  return rows.map(({ eventId, kind, identity, participantId, at, joinedAt, attends }) => ({
    eventId,
    kind: kind as PresenceRow['kind'],
    identity,
    participantId,
    at: at.getTime(),
    joinedAt: joinedAt?.getTime() ?? null,
    attends,
  }))
}

/** What webhooks and jobs left undone for good, one a line. */
export async function readGivenUp(db: Db): Promise<string[]> {
  const aside = await db.webhookAside.findMany({ select: { event: true, reason: true } })
  const jobs = await db.job.findMany({
    where: { status: 'failed' },
    select: { kind: true, lastError: true },
  })
  return [
    ...aside.map(({ event, reason }) => `webhooks: ${event} was put aside: ${reason}`),
    ...jobs.map(({ kind, lastError }) => `jobs: ${kind} was given up: ${lastError}`),
  ]
}
