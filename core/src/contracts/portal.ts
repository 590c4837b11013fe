/**
 * What the portal's pages show and send back of accounts, halls, recordings and mails: one shape for the use cases in
 * `web/server` and the features that draw it, which do not know each other. Times are UTC ISO 8601.
 */
import type { AccountRole } from '../roles.ts'
import type { RecordingState } from './floor.ts'

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
