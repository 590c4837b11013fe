/**
 * What each floor command does. `before` reaches the media side ahead of the transaction, so that nothing is announced
 * that did not happen; `apply` is the transaction; `after` runs once it is committed. What must happen even when this
 * process dies right after the commit is a job, not an `after`.
 */
import type { FloorCommand } from '@diemcau/core/contracts/floor.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { audit } from '../audit.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { endMeetingInScope } from '../meetings/end-meeting.ts'
import { requestRecording, startRequested, stopRecordingInScope } from '../recordings/control-recording.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorScope } from './floor-log.ts'
import { optionsOf } from './floor-snapshot.ts'
import type { Ticket } from './ticket.ts'

/** Of one person; a public link must not bury the moderators. */
const MAX_OPEN_QUESTIONS = 20

type CommandOf<T extends FloorCommand['type']> = Extract<FloorCommand, { type: T }>
interface Handler<T extends FloorCommand['type'], Ahead = unknown, Done = unknown> {
  before?(runtime: Runtime, sender: Ticket, command: CommandOf<T>): Promise<Ahead>
  apply(scope: FloorScope, sender: Ticket, command: CommandOf<T>, ahead: Ahead): Promise<Done>
  after?(runtime: Runtime, sender: Ticket, done: Done): Promise<void>
}
/** Keeps the types of one handler together; the table below forgets them. */
const handler = <T extends FloorCommand['type'], Ahead, Done>(_type: T, h: Handler<T, Ahead, Done>) =>
  h as unknown as Handler<T>

const actorOf = (sender: Ticket) => ({ userId: sender.userId, name: sender.name })

async function lowerHand({ tx, meeting, emit }: FloorScope, identity: string): Promise<void> {
  const { count } = await tx.raisedHandRow.deleteMany({ where: { meetingId: meeting.id, identity } })
  if (count > 0) emit({ type: 'hand_lowered', identity })
}

async function settleLobby(scope: FloorScope, sender: Ticket, requestIds: string[], admitted: boolean) {
  const { tx, meeting, now, emit } = scope
  const requests = await tx.lobbyRequestRow.findMany({
    where: { id: { in: requestIds }, meetingId: meeting.id, status: 'waiting' },
    orderBy: { at: 'asc' },
  })
  await tx.lobbyRequestRow.updateMany({
    where: { id: { in: requests.map(r => r.id) } },
    data: { status: admitted ? 'admitted' : 'denied', settledAt: now, settledById: sender.identity },
  })
  for (const request of requests)
    emit({ type: 'lobby_settled', requestId: request.id, admitted }, { audience: 'moderators' })
  return { identities: requests.map(r => r.identity), admitted }
}

async function tellLobby(
  runtime: Runtime,
  sender: Ticket,
  done: { identities: string[]; admitted: boolean },
) {
  for (const identity of done.identities)
    runtime.broadcaster.lobbyResult(sender.meetingId, identity, done.admitted)
}

const settleOne = (admitted: boolean) => ({
  async apply(scope: FloorScope, sender: Ticket, command: { requestId: string }) {
    const done = await settleLobby(scope, sender, [command.requestId], admitted)
    if (done.identities.length === 0) throw new AppError('already_settled', 'lobby request is not waiting')
    return done
  },
  after: tellLobby,
})

export const commandHandlers: { [T in FloorCommand['type']]: Handler<T> } = {
  chat_send: handler('chat_send', {
    async apply({ tx, meeting, now, emit }, sender, command) {
      const message = {
        id: newId<string>('CM_'),
        identity: sender.identity,
        name: sender.name,
        text: command.text,
      }
      await tx.chatMessageRow.create({
        data: { ...message, meetingId: meeting.id, seq: meeting.lastSeq + 1, at: now },
      })
      emit({ type: 'chat_sent', message: { ...message, at: now.toISOString() } })
    },
  }),
  hand_raise: handler('hand_raise', {
    async apply({ tx, meeting, now, emit }, sender) {
      const hand = { identity: sender.identity, name: sender.name }
      const { count } = await tx.raisedHandRow.createMany({
        data: [{ ...hand, meetingId: meeting.id, at: now }],
        skipDuplicates: true,
      })
      if (count > 0) emit({ type: 'hand_raised', hand: { ...hand, at: now.toISOString() } })
    },
  }),
  hand_lower: handler('hand_lower', {
    apply: (scope, sender, command) => lowerHand(scope, command.identity ?? sender.identity),
  }),
  question_ask: handler('question_ask', {
    async apply({ tx, meeting, now, emit }, sender, command) {
      const question = {
        id: newId<string>('QU_'),
        identity: sender.identity,
        name: sender.name || command.name || '',
        text: command.text,
      }
      const where = { meetingId: meeting.id, identity: sender.identity, status: 'open' }
      if ((await tx.questionRow.count({ where })) >= MAX_OPEN_QUESTIONS)
        throw new AppError('rate_limited', 'too many open questions')
      await tx.questionRow.create({ data: { ...question, meetingId: meeting.id, at: now } })
      emit(
        { type: 'question_asked', question: { ...question, status: 'open', at: now.toISOString() } },
        { audience: 'moderators', identity: sender.identity },
      )
    },
  }),
  question_set_status: handler('question_set_status', {
    async apply({ tx, meeting, emit }, _sender, { questionId, status }) {
      const question = await tx.questionRow.findFirst({ where: { id: questionId, meetingId: meeting.id } })
      if (!question) throw new AppError('not_found', `no question ${questionId}`)
      if (question.status === status) return
      await tx.questionRow.update({ where: { id: questionId }, data: { status } })
      emit(
        { type: 'question_status', questionId, status },
        { audience: 'moderators', identity: question.identity },
      )
    },
  }),
  mute: handler('mute', {
    before: (runtime, sender, command) =>
      runtime.media.mute(sender.meetingId, command.identity, command.source),
    async apply({ emit }, sender, { identity, source }, wasOpen) {
      if (wasOpen) emit({ type: 'muted_by_chair', identity, source, by: sender.name })
    },
  }),
  mute_all: handler('mute_all', {
    async before(runtime, sender) {
      const moderators = await runtime.db.meetingParticipant.findMany({
        where: { meetingId: sender.meetingId, role: { in: ['chair', 'secretary', 'operator'] } },
        select: { identity: true },
      })
      return await runtime.media.muteAll(sender.meetingId, new Set(moderators.map(m => m.identity)))
    },
    async apply({ emit }, sender, _command, count) {
      if (count > 0) emit({ type: 'muted_by_chair', identity: null, source: 'microphone', by: sender.name })
    },
  }),
  ask_unmute: handler('ask_unmute', {
    async apply({ emit }, sender, { identity }) {
      emit({ type: 'unmute_asked', identity, by: sender.name })
    },
  }),
  remove: handler('remove', {
    async apply(scope, sender, { identity, reason }) {
      const { tx, meeting, now, emit } = scope
      const key = { meetingId: meeting.id, identity }
      const who = await tx.meetingParticipant.findUnique({ where: { meetingId_identity: key } })
      // Moderators are put out by ending their role in the portal, not by one another in the heat of a sitting.
      if (who && isModerator(who.role as MeetingRole))
        throw new AppError('forbidden', 'a moderator is not removed')
      const data = { byId: sender.identity, reason: reason ?? '', at: now }
      await tx.removedIdentity.upsert({
        where: { meetingId_identity: key },
        create: { ...key, ...data },
        update: data,
      })
      await lowerHand(scope, identity)
      if (meeting.spotlight === identity) {
        await tx.meeting.update({ where: { id: meeting.id }, data: { spotlight: null } })
        emit({ type: 'spotlighted', identity: null })
      }
      emit({ type: 'removed', identity, by: sender.name })
      await audit(tx, actorOf(sender), {
        action: 'participant.removed',
        subject: { type: 'meeting', id: meeting.id },
        detail: { identity, reason: reason ?? '' },
      })
      await enqueueJob(tx, { kind: 'remove_participant', meetingId: meeting.id, identity })
      return identity
    },
    async after(runtime, sender, identity) {
      runtime.wakeJobs()
      runtime.broadcaster.disconnect(sender.meetingId, identity)
    },
  }),
  lock: handler('lock', {
    async apply({ tx, meeting, emit }, _sender, { locked }) {
      if (meeting.locked === locked) return
      await tx.meeting.update({ where: { id: meeting.id }, data: { locked } })
      emit({ type: 'locked', locked })
    },
  }),
  spotlight: handler('spotlight', {
    async apply({ tx, meeting, emit }, _sender, { identity }) {
      if (meeting.spotlight === identity) return
      await tx.meeting.update({ where: { id: meeting.id }, data: { spotlight: identity } })
      emit({ type: 'spotlighted', identity })
    },
  }),
  set_options: handler('set_options', {
    async apply({ tx, meeting, emit }, _sender, { chat, viewersMayRaiseHand, viewersMayAsk }) {
      const updated = await tx.meeting.update({
        where: { id: meeting.id },
        data: { chat, viewersMayRaiseHand, viewersMayAsk },
      })
      emit({ type: 'options_set', options: optionsOf(updated) })
    },
  }),
  lobby_admit: handler('lobby_admit', settleOne(true)),
  lobby_deny: handler('lobby_deny', settleOne(false)),
  lobby_admit_all: handler('lobby_admit_all', {
    async apply(scope, sender) {
      const waiting = await scope.tx.lobbyRequestRow.findMany({
        where: { meetingId: scope.meeting.id, status: 'waiting' },
        select: { id: true },
      })
      return await settleLobby(
        scope,
        sender,
        waiting.map(r => r.id),
        true,
      )
    },
    after: tellLobby,
  }),
  recording_start: handler('recording_start', {
    apply: (scope, sender, { layout }) => requestRecording(scope, actorOf(sender), sender.identity, layout),
    after: (runtime, _sender, recordingId) => startRequested(runtime, recordingId),
  }),
  recording_stop: handler('recording_stop', {
    apply: (scope, sender) => stopRecordingInScope(scope, actorOf(sender)),
    after: async runtime => runtime.wakeJobs(),
  }),
  end_meeting: handler('end_meeting', {
    apply: (scope, sender) => endMeetingInScope(scope, actorOf(sender)),
    after: async (runtime, sender, waiting) => {
      runtime.wakeJobs()
      await tellLobby(runtime, sender, { identities: waiting, admitted: false })
    },
  }),
}
