import type { MeetingDetail, MeetingInput, MeetingKind } from '@diemcau/core/contracts/meeting.ts'
import { mailboxText, readAddresses } from '@diemcau/core/text/addresses.ts'
import {
  dateText,
  instantOf,
  type TypedDateTime,
  timeText,
  toIso,
  toTyped,
  wallTime,
} from '../../ui/lib/zoned-time.ts'

/** A meeting as it is being typed: nothing is lost because it cannot be read yet. */
export interface MeetingDraft {
  title: string
  kind: MeetingKind
  start: TypedDateTime
  end: TypedDateTime
  chairId: string
  secretaryId: string
  hallIds: string[]
  userIds: string[]
  /** Addresses as people paste them; see `readAddresses`. */
  emails: string
  agenda: string
  description: string
  guestsAllowed: boolean
  watchAllowed: boolean
  lobby: boolean
  recorded: boolean
}

/** Names of what can be wrong, as keys under `portal.form.fault`. */
export type DraftFault =
  | 'title_short'
  | 'title_long'
  | 'start_unreadable'
  | 'end_unreadable'
  | 'ends_before_start'
  | 'chair_missing'
  | 'email_wrong'
export type DraftFaults = Partial<Record<keyof MeetingInput, DraftFault>>

/** A new meeting: the next full hour at least half an hour away, two hours long, lobby on. */
export function emptyDraft(now: Date, timeZone: string): MeetingDraft {
  const soon = wallTime(new Date(now.getTime() + 90 * 60_000), timeZone)
  const start = instantOf({ ...soon, minute: 0 }, timeZone)
  const typed = (instant: Date): TypedDateTime => {
    const wall = wallTime(instant, timeZone)
    return { date: dateText(wall), time: timeText(wall) }
  }
  return {
    title: '',
    kind: 'meeting',
    start: typed(start),
    end: typed(new Date(start.getTime() + 2 * 3_600_000)),
    chairId: '',
    secretaryId: '',
    hallIds: [],
    userIds: [],
    emails: '',
    agenda: '',
    description: '',
    guestsAllowed: false,
    watchAllowed: false,
    lobby: true,
    recorded: false,
  }
}

/** The draft from which an existing meeting is edited. */
export function draftOf(meeting: MeetingDetail, timeZone: string): MeetingDraft {
  const isOwnOffice = (id: string | null) => id === meeting.chairId || id === meeting.secretaryId
  return {
    title: meeting.title,
    kind: meeting.kind,
    start: toTyped(meeting.startsAt, timeZone),
    end: toTyped(meeting.endsAt, timeZone),
    chairId: meeting.chairId,
    secretaryId: meeting.secretaryId ?? '',
    hallIds: meeting.endpoints.map(endpoint => endpoint.hallId).filter(id => id !== null),
    userIds: meeting.invitees
      .map(invitee => invitee.userId)
      .filter(id => id !== null)
      .filter(id => !isOwnOffice(id)),
    emails: meeting.invitees
      .filter(invitee => invitee.userId === null)
      .map(mailboxText)
      .join('\n'),
    agenda: meeting.agenda,
    description: meeting.description,
    guestsAllowed: meeting.guestsAllowed,
    watchAllowed: meeting.watchAllowed,
    lobby: meeting.lobby,
    recorded: meeting.recorded,
  }
}

/** Moves the end with the start, so that the length stays; leaves it alone while either cannot be read. */
export function moveStart(
  draft: MeetingDraft,
  start: TypedDateTime,
  timeZone: string,
  now: Date,
): MeetingDraft {
  const [before, after, end] = [draft.start, start, draft.end].map(typed => toIso(typed, timeZone, now))
  if (!before || !after || !end || before === after) return { ...draft, start }
  const moved = new Date(Date.parse(end) + Date.parse(after) - Date.parse(before)).toISOString()
  return { ...draft, start, end: toTyped(moved, timeZone) }
}

/** Reads the draft: what the server takes, or every fault by field. */
export function readDraft(
  draft: MeetingDraft,
  timeZone: string,
  now: Date,
): { input: MeetingInput; faults: null } | { input: null; faults: DraftFaults } {
  const faults: DraftFaults = {}
  const title = draft.title.trim()
  if (title.length < 3) faults.title = 'title_short'
  else if (title.length > 200) faults.title = 'title_long'
  const startsAt = toIso(draft.start, timeZone, now)
  const endsAt = toIso(draft.end, timeZone, now)
  if (!startsAt) faults.startsAt = 'start_unreadable'
  if (!endsAt) faults.endsAt = 'end_unreadable'
  else if (startsAt && endsAt <= startsAt) faults.endsAt = 'ends_before_start'
  if (!draft.chairId) faults.chairId = 'chair_missing'
  const { mailboxes, wrong } = readAddresses(draft.emails)
  if (wrong.length > 0) faults.emails = 'email_wrong'
  if (!startsAt || !endsAt || Object.keys(faults).length > 0) return { input: null, faults }
  return {
    faults: null,
    input: {
      title,
      kind: draft.kind,
      startsAt,
      endsAt,
      chairId: draft.chairId,
      secretaryId: draft.secretaryId || null,
      hallIds: draft.hallIds,
      userIds: draft.userIds,
      emails: mailboxes.map(mailboxText),
      agenda: draft.agenda.trim(),
      description: draft.description.trim(),
      guestsAllowed: draft.guestsAllowed,
      watchAllowed: draft.watchAllowed,
      lobby: draft.lobby,
      recorded: draft.recorded,
    },
  }
}
