import type { FloorSnapshot, MeetingOptions, RecordingState } from '@diemcau/core/contracts/floor.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { Db, Prisma, Tx } from '@diemcau/prisma/client.ts'
import type { LockedMeeting } from './floor-log.ts'
import { describeRequests } from './lobby-request.ts'
import { readSpeakingState } from './speaking-rows.ts'
import type { Ticket } from './ticket.ts'

/** Newest chat messages in a snapshot; older ones stay in the database. */
const CHAT_LIMIT = 300

export const optionsOf = (meeting: LockedMeeting): MeetingOptions => ({
  chat: meeting.chat,
  viewersMayRaiseHand: meeting.viewersMayRaiseHand,
  viewersMayAsk: meeting.viewersMayAsk,
  microphonesHeld: meeting.microphonesHeld,
})

export const recordingStateOf = (row: Prisma.RecordingGetPayload<object>): RecordingState => ({
  recordingId: row.id,
  status: row.status as RecordingState['status'],
  startedAt: row.startedAt?.toISOString() ?? null,
  progress: row.progress,
  error: row.error,
})

/** Another portal commits so often between the reads of one snapshot only in a test. */
const STEADY_TRIES = 5

/**
 * The floor as this person may see it, agreeing with its `seq`: read again when somebody committed in between, in the end in a
 * transaction that sees one state.
 */
export async function readSteadySnapshot(
  db: Db,
  meeting: LockedMeeting,
  you: Ticket,
): Promise<FloorSnapshot> {
  const where = { id: meeting.id }
  let before = meeting
  for (let tries = 0; tries < STEADY_TRIES; tries++) {
    const snapshot = await readSnapshot(db, before, you)
    const after = await db.meeting.findUniqueOrThrow({ where })
    if (after.lastSeq === before.lastSeq) return snapshot
    before = after
  }
  return await db.$transaction(
    async tx => await readSnapshot(tx, await tx.meeting.findUniqueOrThrow({ where }), you),
    { isolationLevel: 'RepeatableRead' },
  )
}

async function readSnapshot(tx: Tx, meeting: LockedMeeting, you: Ticket): Promise<FloorSnapshot> {
  const meetingId = meeting.id
  const moderator = isModerator(you.role)
  // As with the events: viewers have no chat, and know of no hand but their own (core/src/floor/audience.ts).
  const takesPart = you.role !== 'viewer'
  const own = takesPart ? {} : { identity: you.identity }
  const [chat, hands, speakers, questions, lobby, recording, speaking] = await Promise.all([
    takesPart
      ? tx.chatMessageRow.findMany({ where: { meetingId }, orderBy: { seq: 'desc' }, take: CHAT_LIMIT })
      : [],
    tx.raisedHandRow.findMany({ where: { meetingId, ...own }, orderBy: { at: 'asc' } }),
    tx.floorGrant.findMany({ where: { meetingId }, orderBy: { at: 'asc' } }),
    tx.questionRow.findMany({
      where: { meetingId, ...(moderator ? {} : { identity: you.identity }) },
      orderBy: { at: 'asc' },
    }),
    moderator
      ? tx.lobbyRequestRow.findMany({ where: { meetingId, status: 'waiting' }, orderBy: { at: 'asc' } })
      : [],
    tx.recording.findFirst({ where: { meetingId, deletedAt: null }, orderBy: { requestedAt: 'desc' } }),
    readSpeakingState(tx, meeting, { identity: you.identity, takesPart }),
  ])
  return {
    seq: meeting.lastSeq,
    meetingId,
    title: meeting.title,
    status: meeting.status as FloorSnapshot['status'],
    you: { identity: you.identity, name: you.name, role: you.role },
    locked: meeting.locked,
    spotlight: meeting.spotlight,
    options: optionsOf(meeting),
    chat: chat
      .reverse()
      .map(({ id, identity, name, text, at }) => ({ id, identity, name, text, at: at.toISOString() })),
    hands: hands.map(({ identity, name, unit, at }) => ({ identity, name, unit, at: at.toISOString() })),
    speakers: speakers.map(({ identity, name, unit, at }) => ({
      identity,
      name,
      unit,
      at: at.toISOString(),
    })),
    speaking,
    now: new Date().toISOString(),
    questions: questions.map(({ id, identity, name, text, status, at }) => ({
      id,
      identity,
      name,
      text,
      status: status as 'open' | 'answered' | 'dismissed',
      at: at.toISOString(),
    })),
    lobby: await describeRequests(tx, meetingId, lobby),
    passcode: moderator && meeting.guestsAllowed ? meeting.passcode : null,
    recording: recording ? recordingStateOf(recording) : null,
    agenda: meeting.agenda,
  }
}
