/** What a killed incarnation's journal adds to what the record knows of those who were there, told in one piece. */

import { WebhookEvent } from '@livekit/protocol'
import type { OwedEnding } from '../record/record-types.ts'
import { isEnd, type MemberTale, seatKey, trackEnd } from './story-events.ts'
import type { FormerJournal } from './story-journal.ts'

/** Of each seat (`seatKey`), in the order they were told. */
export const talesBySeat = ({ tales }: FormerJournal): Map<string, MemberTale[]> =>
  Map.groupBy(tales, seatKey)

/** Whether somebody was there, and not only about to come. Of a second connection tracks alone are told. */
export const hasJoined = (own: readonly MemberTale[]): boolean =>
  own.some(({ kind }) => kind === 'participant_joined' || kind === 'participant_left')

/** What was put down, completed by what an heir tells, unless it has its end: every track that was told, or is now, ends before the leaving. */
export function completed(
  own: readonly MemberTale[],
  heirs: readonly MemberTale[],
  atMs: number,
): MemberTale[] {
  const known = new Set(own.map(({ id }) => id))
  const added = own.some(isEnd) ? [] : heirs.filter(({ id }) => !known.has(id))
  const all = [
    ...added.filter(({ kind }) => kind === 'participant_joined'),
    ...own,
    ...added.filter(({ kind }) => kind !== 'participant_joined'),
  ]
  const ended = new Set(all.flatMap(({ kind, trackSid }) => (kind === 'track_unpublished' ? [trackSid] : [])))
  const open = all.filter(({ kind, trackSid }) => kind === 'track_published' && !ended.has(trackSid))
  const ends = open.map(tale => trackEnd(tale, atMs))
  return [...all.filter(tale => !isEnd(tale)), ...ends, ...all.filter(isEnd)]
}

/** Somebody of whom the record knows nothing, as the journal has it. */
export function endingOf(
  inst: FormerJournal['inst'],
  own: readonly [MemberTale, ...MemberTale[]],
): OwedEnding {
  const { roomSid, roomName, psid, draft } = own.at(-1) ?? own[0]
  const { participant } = WebhookEvent.fromJsonString(draft.body, { ignoreUnknownFields: true })
  const info = participant ? Buffer.from(participant.toBinary()).toString('base64') : ''
  return {
    ...{ roomSid, roomName, psid, inst, identity: participant?.identity ?? '', epoch: 0, version: 0, info },
    ...{ isCounted: true, isForwarded: false, isActive: hasJoined(own) },
  }
}
