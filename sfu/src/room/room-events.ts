/** What is told outside of a room (webhooks): the story of each participant begins with its joining and ends with its leaving. */
import type { ParticipantInfo, Room as RoomMessage, TrackInfo, WebhookEvent } from '@livekit/protocol'
import { Participant } from './member/participant.ts'
import type { Member } from './member/room-view.ts'
import type { RoomEventSink } from './room-api.ts'

export class RoomEvents {
  readonly #sink: RoomEventSink
  readonly #now: () => number
  readonly #room: () => RoomMessage

  constructor(sink: RoomEventSink, now: () => number, room: () => RoomMessage) {
    this.#sink = sink
    this.#now = now
    this.#room = room
  }

  emit(
    event: string,
    facts: Partial<Pick<WebhookEvent, 'track' | 'roomEndReason'>> & { participant?: ParticipantInfo } = {},
  ): void {
    const createdAt = BigInt(Math.floor(this.#now() / 1000))
    this.#sink.emit({ event, createdAt, room: this.#room(), ...facts })
  }

  /** The participant's media is connected. What it published before that is told after it. A second connection is nobody new, so only its tracks are told. */
  joined(participant: Participant): void {
    if (participant.owner === undefined) this.emit('participant_joined', { participant: participant.info() })
    for (const tell of participant.heldEvents.splice(0)) tell()
  }

  /** A participant that never connected has not joined; hence it does not leave, and its tracks are not told. */
  left(participant: Participant): void {
    if (participant.owner !== undefined) return
    const event = participant.hasBeenActive ? 'participant_left' : 'participant_connection_aborted'
    this.emit(event, { participant: participant.info() })
  }

  /** Tracks are offered before the media connects. */
  track(event: 'track_published' | 'track_unpublished', publisher: Member, info: TrackInfo): void {
    // Infos are live objects; the outbox sends them later and must see them as they were.
    const track = info.clone()
    const tell = () => this.emit(event, { participant: publisher.info(), track })
    if (publisher instanceof Participant && !publisher.hasBeenActive) publisher.heldEvents.push(tell)
    else tell()
  }
}
