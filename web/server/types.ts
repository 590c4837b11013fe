/** Types the portal's pages and the use cases share, beside those of core/contracts. */
import type { RecordingState } from '@diemcau/core/contracts/floor.ts'
import type { MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import type { AccountRole } from '@diemcau/core/roles.ts'

/** The signed-in person a use case acts for. */
export interface Actor {
  userId: string
  role: AccountRole
  name: string
  email: string
}

export interface UserView {
  id: string
  name: string
  email: string
  role: AccountRole
  title: string
  unitId: string | null
  unitName: string | null
  hallId: string | null
  hallName: string | null
  disabled: boolean
  /** ISO time. */
  createdAt: string
}

/** `password` is required for a new account and leaves the old one when null for an existing one. */
export interface UserInput {
  id: string | null
  name: string
  email: string
  role: AccountRole
  title: string
  unitId: string | null
  hallId: string | null
  password: string | null
}

export interface SessionView {
  id: string
  createdAt: string
  expiresAt: string
  ipAddress: string | null
  userAgent: string | null
  current: boolean
}

export interface HallView {
  id: string
  name: string
  unitId: string
  unitName: string
  address: string
  order: number
}
export interface HallInput {
  id: string | null
  name: string
  unitId: string
  address: string
  order: number
}
export interface UnitView {
  id: string
  name: string
  kind: string
  parentId: string | null
  order: number
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

export interface RecordingView {
  id: string
  meetingId: string
  title: string
  status: RecordingState['status']
  /** ISO times; null until known. */
  requestedAt: string
  startedAt: string | null
  endedAt: string | null
  durationMs: number | null
  sizeBytes: number | null
  /** 0..100 while composing. */
  progress: number | null
  error: string | null
  may: { play: boolean; download: boolean; delete: boolean }
}

export interface MailSummary {
  id: string
  to: string
  subject: string
  createdAt: string
  sentAt: string | null
  status: 'pending' | 'sent' | 'kept' | 'failed'
  error: string | null
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
