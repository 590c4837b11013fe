/** Types the portal's pages and the use cases share, beside those of core/contracts. */
import type { MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import type { MailSummary, RecordingView } from '@diemcau/core/contracts/portal.ts'
import type { AccountRole } from '@diemcau/core/roles.ts'

export type {
  Clashes,
  HallInput,
  HallView,
  MailSummary,
  RecordingView,
  UnitView,
  UserInput,
  UserView,
} from '@diemcau/core/contracts/portal.ts'

/** The signed-in person a use case acts for. */
export interface Actor {
  userId: string
  /** The session they act in; what it was used for ends with it. */
  sessionId: string
  role: AccountRole
  name: string
  email: string
}

export interface SessionView {
  id: string
  createdAt: string
  expiresAt: string
  ipAddress: string | null
  userAgent: string | null
  current: boolean
}

/** An account as offered in the schedule form. */
export interface PersonChoice {
  id: string
  name: string
  email: string
  title: string
  role: AccountRole
  unitName: string | null
}

export interface MailView extends MailSummary {
  html: string
  text: string
  ics: string | null
  meetingId: string | null
}

export interface HomeView {
  live: MeetingSummary[]
  next: MeetingSummary[]
  waiting: { meetingId: string; title: string; lobby: number }[]
  recordings: RecordingView[]
}
