/**
 * What is told of somebody outside, derived from what happened: whoever tells it, the owner, an heir, or the owner's journal later, tells the same
 * events by the same ids, and a repeat is none.
 */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'

export type MemberEventKind =
  | 'participant_joined'
  | 'participant_left'
  | 'participant_connection_aborted'
  | 'track_published'
  | 'track_unpublished'

export interface MemberEvent {
  id: string
  kind: MemberEventKind
  trackSid?: TrackId
}

export const memberEvent = (
  roomSid: RoomId,
  psid: ParticipantId,
  kind: MemberEventKind,
  trackSid?: TrackId,
): MemberEvent =>
  trackSid === undefined
    ? { id: `${roomSid}:${psid}:${kind}`, kind }
    : { id: `${roomSid}:${psid}:${trackSid}:${kind}`, kind, trackSid }

/**
 * All that an heir tells of somebody, in order: most of it repeats. `tracks` are those published at the last news; ends of others were told by
 * the owner. Who was never active is told as aborted, and of tracks nothing.
 */
export function leavingStory(
  { roomSid, psid, isActive }: { roomSid: RoomId; psid: ParticipantId; isActive: boolean },
  tracks: TrackId[],
): MemberEvent[] {
  const event = (kind: MemberEventKind, trackSid?: TrackId) => memberEvent(roomSid, psid, kind, trackSid)
  if (!isActive) return [event('participant_connection_aborted')]
  return [
    event('participant_joined'),
    ...tracks.flatMap(sid => [event('track_published', sid), event('track_unpublished', sid)]),
    event('participant_left'),
  ]
}
