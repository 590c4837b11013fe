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
  /** Whom to write to and call; empty when nobody is known, or for readers who invite nobody. */
  contactName: string
  contactEmail: string
  contactPhone: string
  /** An account sits in it. */
  hasAccount: boolean
}

export interface HallInput {
  id: string | null
  name: string
  unitId: string
  address: string
  order: number
  contactName: string
  contactEmail: string
  contactPhone: string
}

/** What another meeting has at the time of the form, each with that meeting's title. */
export interface Clashes {
  halls: { hallId: string; title: string }[]
  people: { userId: string; name: string; title: string }[]
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

export const mailReasons = [
  'auth',
  'recipient',
  'refused',
  'timeout',
  'tls',
  'unreachable',
  'unknown',
] as const
export type MailReason = (typeof mailReasons)[number]

export interface MailSummary {
  id: string
  to: string
  subject: string
  createdAt: string
  sentAt: string | null
  status: 'pending' | 'sent' | 'kept' | 'failed'
  /** Why it failed last: a reason with words in `portal.outbox.reasons`, and what the mail server said, without secrets. */
  failure: { reason: MailReason; detail: string } | null
}
