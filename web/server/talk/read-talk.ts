import type { Question } from '@diemcau/core/contracts/floor.ts'
import type { MeetingTalk } from '@diemcau/core/contracts/talk.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { audit } from '../audit.ts'
import { findVisibleMeeting } from '../meetings/access.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/**
 * Every question and message of a meeting, also after its end. Each read leaves an audit row: voters write their names
 * and concerns here. @throws AppError `not_found`, `forbidden`.
 */
export async function readTalk(
  actor: Actor,
  meetingId: string,
  action: 'talk.read' | 'talk.exported' = 'talk.read',
): Promise<MeetingTalk> {
  return await getRuntime().db.$transaction(async tx => {
    const { meeting, may } = await findVisibleMeeting(tx, actor, meetingId)
    if (!may.readTalk) throw new AppError('forbidden', 'may not read questions and chat')
    await audit(tx, actor, { action, subject: { type: 'meeting', id: meeting.id } })
    const where = { meetingId: meeting.id }
    const questions = await tx.questionRow.findMany({ where, orderBy: [{ at: 'asc' }, { id: 'asc' }] })
    const chat = await tx.chatMessageRow.findMany({ where, orderBy: { seq: 'asc' } })
    return {
      meetingId: meeting.id,
      title: meeting.title,
      startsAt: meeting.startsAt.toISOString(),
      endsAt: meeting.endsAt.toISOString(),
      live: meeting.status === 'live',
      questions: questions.map(({ id, identity, name, text, status, at }) => ({
        id,
        identity,
        name,
        text,
        status: status as Question['status'],
        at: at.toISOString(),
      })),
      chat: chat.map(({ id, identity, name, text, at }) => ({
        id,
        identity,
        name,
        text,
        at: at.toISOString(),
      })),
    }
  })
}
