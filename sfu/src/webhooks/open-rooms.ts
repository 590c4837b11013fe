import { Journal } from '@diemcau/core/outbox/journal.ts'
import { DisconnectReason, ParticipantInfo_State, WebhookEvent } from '@livekit/protocol'
import { z } from 'zod'

/**
 * Remembers on disk which rooms and participants are open, so that a node that was killed can say afterwards that they
 * ended. Fed with the same events as the webhooks. `aliveAt` is at most `HEARTBEAT_MS` older than the end.
 */

const HEARTBEAT_MS = 4_000
const COMPACT_FROM_LINES = 2_000

const entry = z.discriminatedUnion('op', [
  /** `event` is the JSON of a WebhookEvent. */
  z.object({ op: z.literal('event'), at: z.number(), event: z.unknown() }),
  z.object({ op: z.literal('alive'), at: z.number() }),
])
type Entry = z.infer<typeof entry>

interface OpenRoom {
  started: WebhookEvent
  /** Last joined event by participant sid. */
  participants: Map<string, WebhookEvent>
  /** Published events by track sid. */
  tracks: Map<string, WebhookEvent>
}

export class OpenRooms {
  readonly #journal: Journal<Entry>
  readonly #now: () => number
  readonly #onError: (error: unknown) => void
  readonly #rooms = new Map<string, OpenRoom>()
  readonly #heartbeat: NodeJS.Timeout
  #isClosed = false

  private constructor(journal: Journal<Entry>, now: () => number, onError: (error: unknown) => void) {
    this.#journal = journal
    this.#now = now
    this.#onError = onError
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref()
  }

  /**
   * `orphans`: events that close what the last run left open, in order, dated with its last sign of life. Hand them to the
   * outbox, then call `settle`. The caller closes the journal. `onError` hears of a disk that refuses.
   * @throws Node's error when the file cannot be used.
   */
  static open(options: { file: string; now?: () => number; onError: (error: unknown) => void }): {
    openRooms: OpenRooms
    orphans: WebhookEvent[]
  } {
    const { journal, entries } = Journal.open<Entry>(options.file, value => {
      const line = entry.parse(value)
      // A line that holds no event is skipped like any other broken one.
      if (line.op === 'event') eventOf(line.event)
      return line
    })
    const openRooms = new OpenRooms(journal, options.now ?? Date.now, options.onError)
    let aliveAt = 0
    for (const line of entries) {
      aliveAt = Math.max(aliveAt, line.at)
      if (line.op === 'event') openRooms.#apply(eventOf(line.event))
    }
    return { openRooms, orphans: openRooms.#endings(BigInt(Math.floor(aliveAt / 1000))) }
  }

  /** The orphans are with the outbox: forget them. */
  settle(): void {
    this.#rooms.clear()
    this.#try(() => this.#journal.compact([]))
  }

  /** Never throws. */
  record(event: WebhookEvent): void {
    if (!this.#apply(event)) return
    this.#try(() => {
      this.#journal.append({ op: 'event', at: this.#now(), event: event.toJson() })
      if (this.#journal.length > COMPACT_FROM_LINES + 4 * this.#openCount()) this.#compact()
    })
  }

  /** Safe to call twice. What is still open then will be found as orphans by the next run. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#heartbeat)
    this.#try(() => this.#journal.close())
  }

  /** False for events that say nothing of what is open. */
  #apply(event: WebhookEvent): boolean {
    const { room, participant, track } = event
    if (room === undefined) return false
    if (event.event === 'room_started') {
      this.#rooms.set(room.sid, { started: event, participants: new Map(), tracks: new Map() })
      return true
    }
    const open = this.#rooms.get(room.sid)
    if (open === undefined) return false
    switch (event.event) {
      case 'room_finished':
        return this.#rooms.delete(room.sid)
      case 'participant_joined':
        if (participant !== undefined) open.participants.set(participant.sid, event)
        return participant !== undefined
      case 'participant_left':
        for (const [sid, published] of open.tracks)
          if (published.participant?.sid === participant?.sid) open.tracks.delete(sid)
        return participant !== undefined && open.participants.delete(participant.sid)
      case 'track_published':
        if (track !== undefined) open.tracks.set(track.sid, event)
        return track !== undefined
      case 'track_unpublished':
        return track !== undefined && open.tracks.delete(track.sid)
      default:
        return false
    }
  }

  #endings(createdAt: bigint): WebhookEvent[] {
    const endings: WebhookEvent[] = []
    for (const { started, participants, tracks } of this.#rooms.values()) {
      const { room } = started
      for (const { participant, track } of tracks.values())
        endings.push(new WebhookEvent({ event: 'track_unpublished', room, participant, track, createdAt }))
      for (const { participant } of participants.values()) {
        if (participant === undefined) continue
        const left = participant.clone()
        left.state = ParticipantInfo_State.DISCONNECTED
        left.disconnectReason = DisconnectReason.SERVER_SHUTDOWN
        endings.push(new WebhookEvent({ event: 'participant_left', room, participant: left, createdAt }))
      }
      endings.push(new WebhookEvent({ event: 'room_finished', room, createdAt }))
    }
    return endings
  }

  #compact(): void {
    const at = this.#now()
    const lines: Entry[] = []
    for (const { started, participants, tracks } of this.#rooms.values())
      for (const event of [started, ...participants.values(), ...tracks.values()])
        lines.push({ op: 'event', at, event: event.toJson() })
    this.#journal.compact(lines)
  }

  #openCount(): number {
    let count = 0
    for (const room of this.#rooms.values()) count += 1 + room.participants.size + room.tracks.size
    return count
  }

  #beat(): void {
    if (this.#rooms.size === 0) return
    this.#try(() => {
      this.#journal.append({ op: 'alive', at: this.#now() })
      if (this.#journal.length > COMPACT_FROM_LINES + 4 * this.#openCount()) this.#compact()
    })
  }

  #try(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#onError(error)
    }
  }
}

/** @throws when it is not the JSON of a WebhookEvent. */
const eventOf = (json: unknown): WebhookEvent =>
  WebhookEvent.fromJson(json as Parameters<typeof WebhookEvent.fromJson>[0], { ignoreUnknownFields: true })
