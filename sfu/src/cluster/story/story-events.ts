/** What webhooks of a cluster say: of members, told by their owner or an heir, and of rooms, whose two events the record itself writes. */
import { ownerOfCompanion } from '@diemcau/core/attendance/attends.ts'
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import {
  DisconnectReason,
  ParticipantInfo,
  ParticipantInfo_State,
  RoomEndReason,
  Room as RoomMessage,
  WebhookEvent,
} from '@livekit/protocol'
import { roomEndReasonOf } from '../../room/base/close-reasons.ts'
import type { RoomEventSink } from '../../room/room-api.ts'
import { leavingStory, type MemberEvent, type MemberEventKind, memberEvent } from '../claim/leaving-story.ts'
import { messageOfFacts } from '../node/room-body.ts'
import type { OwedEnding, WebhookDraft, WebhookEntry } from '../record/record-types.ts'

export const MEMBER_EVENT_KINDS = [
  'participant_joined',
  'participant_left',
  'participant_connection_aborted',
  'track_published',
  'track_unpublished',
] as const satisfies MemberEventKind[]
const MEMBER_EVENTS = new Set<string>(MEMBER_EVENT_KINDS)

/** An event of somebody in a room, ready for the record. */
export interface MemberTale extends MemberEvent {
  roomSid: RoomId
  roomName: string
  psid: ParticipantId
  draft: WebhookDraft
}

export const seatKey = ({ roomSid, psid }: Pick<MemberTale, 'roomSid' | 'psid'>): string =>
  `${roomSid}:${psid}`

/** Behind it nothing is told of somebody. */
export const isEnd = ({ kind }: Pick<MemberTale, 'kind'>): boolean =>
  kind === 'participant_left' || kind === 'participant_connection_aborted'

/** Null for what is not of somebody in a room. `nowMs`: on the record's clock. */
export function memberTale(event: Parameters<RoomEventSink['emit']>[0], nowMs: number): MemberTale | null {
  const { room, participant, track } = event
  if (!room || !participant || !MEMBER_EVENTS.has(event.event)) return null
  const roomSid = room.sid as RoomId
  const psid = participant.sid as ParticipantId
  const trackSid = track?.sid as TrackId | undefined
  const { id, ...of } = memberEvent(roomSid, psid, event.event as MemberEventKind, trackSid)
  const createdAt = event.createdAt || secondsOf(nowMs)
  const draft = { id, body: bodyOf({ ...event, id, createdAt }), atMs: Math.floor(nowMs) }
  return { id, ...of, roomSid, roomName: room.name, psid, draft }
}

/**
 * All an heir tells of somebody, as far as it is known (`owed.info`). `atMs`: the last sign of life of the one who owed it. Of a second
 * connection, which is nobody new, only the tracks are told.
 */
export function endingStory(owed: OwedEnding, room: RoomMessage, atMs: number): MemberTale[] {
  const { roomSid, roomName, psid, isActive, identity } = owed
  const info = infoOf(owed)
  const isSecond = !isActive && ownerOfCompanion(identity) !== null
  const hasConnected = isActive || info.state === ParticipantInfo_State.ACTIVE
  const tracks = info.tracks.map(({ sid }) => sid as TrackId)
  const story = leavingStory({ roomSid, psid, isActive: isActive || isSecond }, tracks).filter(
    ({ trackSid }) => !isSecond || (trackSid !== undefined && hasConnected),
  )
  return story.map(of => {
    const { id, kind, trackSid } = of
    const track = info.tracks.find(({ sid }) => sid === trackSid)
    const participant = isEnd(of) ? gone(info) : info
    const event = { event: kind, id, room, createdAt: secondsOf(atMs), participant }
    const body = bodyOf(track ? { ...event, track } : event)
    return { ...of, roomSid, roomName, psid, draft: { id, body, atMs: Math.floor(atMs) } }
  })
}

/** The end of a track whose beginning was told by `tale`. */
export function trackEnd(tale: MemberTale, atMs: number): MemberTale {
  const { roomSid, psid, trackSid } = tale
  const end = memberEvent(roomSid, psid, 'track_unpublished', trackSid)
  const event = WebhookEvent.fromJsonString(tale.draft.body, { ignoreUnknownFields: true })
  Object.assign(event, { id: end.id, event: end.kind, createdAt: secondsOf(atMs) })
  return { ...tale, ...end, draft: { id: end.id, body: event.toJsonString(), atMs: Math.floor(atMs) } }
}

/** The body of an event as its receivers get it. `unreadable` hears of a room that a node of another version wrote. */
export function deliveredBody(
  { id, kind, roomSid, body, atMs, reason }: WebhookEntry,
  roomName: string,
  unreadable: (error: unknown) => void,
): string {
  if (kind === 'other') return body
  const room = roomMessage({ sid: roomSid, name: roomName, body }, unreadable)
  const event = { event: kind, id, room, createdAt: secondsOf(atMs) }
  return bodyOf(kind === 'room_finished' ? { ...event, roomEndReason: endReasonOf(reason) } : event)
}

/** Rather with nothing but its name than not at all. */
export function roomMessage(
  { sid, name, body }: { sid: RoomId; name: string; body: string },
  unreadable: (error: unknown) => void,
): RoomMessage {
  try {
    return messageOfFacts({ sid, body })
  } catch (error) {
    unreadable(error)
    return new RoomMessage({ sid, name })
  }
}

/** What is not known keeps the empty value of its field. */
function infoOf({ info, psid, identity }: OwedEnding): ParticipantInfo {
  const bare = new ParticipantInfo({ sid: psid, identity })
  if (info === '') return bare
  try {
    const known = ParticipantInfo.fromBinary(Buffer.from(info, 'base64'))
    return known.sid === psid ? known : bare
  } catch {
    // Written by a node of another version, or for a test: the leaving is told all the same.
    return bare
  }
}

function gone(info: ParticipantInfo): ParticipantInfo {
  const left = info.clone()
  left.state = ParticipantInfo_State.DISCONNECTED
  left.disconnectReason = DisconnectReason.SERVER_SHUTDOWN
  return left
}

/** The reasons of rooms (`RoomCloseReason`), and those of the record. */
function endReasonOf(reason: string): RoomEndReason {
  switch (reason) {
    case 'deleted':
    case 'idle':
    case 'node_stopping':
      return roomEndReasonOf(reason)
    case 'duplicate':
      return RoomEndReason.ROOM_END_SUPERSEDED
    default:
      return RoomEndReason.ROOM_END_UNKNOWN
  }
}

const secondsOf = (ms: number): bigint => BigInt(Math.floor(ms / 1000))
const bodyOf = (event: ConstructorParameters<typeof WebhookEvent>[0]): string =>
  new WebhookEvent(event).toJsonString()
