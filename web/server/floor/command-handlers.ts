/** What each floor command does; hands and the floor of viewers are in hand-handlers.ts. */
import type { FloorCommand } from '@diemcau/core/contracts/floor.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { endMeetingInScope } from '../meetings/end-meeting.ts'
import {
  requestRecording,
  setRecordingWanted,
  startRequested,
  stopRecordingInScope,
} from '../recordings/control-recording.ts'
import { doorCommands, tellLobby } from './door-commands.ts'
import { handHandlers } from './hand-handlers.ts'
import { actorOf, type Handler, handler } from './handler.ts'
import { microphoneCommands } from './microphone-commands.ts'
import { speakingCommands } from './speaking-commands.ts'

/** Of one person; a public link must not bury the moderators. */
const MAX_OPEN_QUESTIONS = 20

export const commandHandlers: { [T in FloorCommand['type']]: Handler<T> } = {
  ...doorCommands,
  ...microphoneCommands,
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
  ...handHandlers,
  ...speakingCommands,
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
      emit({ type: 'question_asked', question: { ...question, status: 'open', at: now.toISOString() } })
    },
  }),
  question_set_status: handler('question_set_status', {
    async apply({ tx, meeting, emit }, _sender, { questionId, status }) {
      const question = await tx.questionRow.findFirst({ where: { id: questionId, meetingId: meeting.id } })
      if (!question) throw new AppError('not_found', `no question ${questionId}`)
      if (question.status === status) return
      await tx.questionRow.update({ where: { id: questionId }, data: { status } })
      emit({ type: 'question_status', questionId, status }, { identity: question.identity })
    },
  }),
  spotlight: handler('spotlight', {
    async apply({ tx, meeting, emit }, _sender, { identity }) {
      if (meeting.spotlight === identity) return
      await tx.meeting.update({ where: { id: meeting.id }, data: { spotlight: identity } })
      emit({ type: 'spotlighted', identity })
    },
  }),
  recording_start: handler('recording_start', {
    async apply(scope, sender, { layout }) {
      const recordingId = await requestRecording(scope, actorOf(sender), sender.identity, layout)
      await setRecordingWanted(scope, true)
      return recordingId
    },
    after: (runtime, _sender, recordingId) => startRequested(runtime, recordingId),
  }),
  recording_stop: handler('recording_stop', {
    async apply(scope, sender) {
      await stopRecordingInScope(scope, actorOf(sender))
      await setRecordingWanted(scope, false)
    },
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
