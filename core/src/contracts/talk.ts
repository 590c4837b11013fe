/** What was written in a meeting, for the people who answer for it: kept after the end. */
import type { ChatMessage, Question } from './floor.ts'

export interface MeetingTalk {
  meetingId: string
  title: string
  startsAt: string
  endsAt: string
  live: boolean
  /** Oldest first, whatever became of them. */
  questions: Question[]
  chat: ChatMessage[]
}
