/**
 * Puts what happens in rooms to the shared record: each event of somebody by the node that holds the connection, in the order of the room, until
 * the record has it. Of those whose node is buried it tells the end. `room_started` and `room_finished` are written by the record itself.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { SerialQueue } from '@diemcau/core/serial-queue.ts'
import type { Log } from '../../room/base/log.ts'
import type { RoomEventSink } from '../../room/room-api.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import type { Restore } from '../record/record-calls.ts'
import type { Incarnation } from '../record/record-types.ts'
import { forgetDelivered } from './forget-delivered.ts'
import { Heirs } from './heirs.ts'
import { recoverStories } from './recover-stories.ts'
import { SeatKeeper } from './seat-keeper.ts'
import { isEnd, type MemberTale, memberTale } from './story-events.ts'
import type { StoryJournal } from './story-journal.ts'
import { ToldEvents } from './told-events.ts'

export interface StoryTellerOptions {
  steps: RecordSteps
  log: Log
  /** Something new is in the stream of this room name. */
  onTold?(roomName: string): void
  /**
   * The leaving of somebody, of this node or a buried one, is told: it is owed no more, and may be given to `restore` as ended. Until then it
   * has to be given as owed.
   */
  onEnded?(roomSid: RoomId, psid: ParticipantId): void
  /** The room is over: its room_finished is in the stream, and this node wrote it or saw it written. May come twice. */
  onFinished?(roomSid: RoomId): void
  /** Of this incarnation, whose teller closes it. Without one, nothing is remembered after a kill but what the record has. */
  journal?: StoryJournal
  /** So many events may wait for the record; then tracks that begin are not told any more, nor their ends. */
  mostWaiting?: number
}

/** While the record is away nobody joins, so that only tracks can come and go without end. */
const MOST_WAITING = 20_000
/** The alarm of that is not given more often than this, ms. */
const ALARM_EVERY_MS = 10_000

/** Events whose delivery may never be told to this node are looked for when they are so old, and so often, ms. */
const DOUBT_MS = 60_000

/** The journal has the last sign of life of this node, at most so old, ms. */
const HEARTBEAT_MS = 4_000

type Ending = Pick<MemberTale, 'roomSid' | 'roomName' | 'psid'>

interface RoomQueue {
  readonly queue: SerialQueue
  waiting: number
}

export class StoryTeller implements RoomEventSink {
  readonly #options: StoryTellerOptions
  readonly #steps: RecordSteps
  readonly #log: Log
  readonly #closing = new AbortController()
  readonly #seats: SeatKeeper
  readonly #heirs: Heirs
  readonly #told: ToldEvents
  readonly #rooms = new Map<RoomId, RoomQueue>()
  /** Ids of the ends of tracks whose beginning was not told. */
  readonly #untold = new Set<string>()
  readonly #doubts: NodeJS.Timeout
  readonly #heartbeat: NodeJS.Timeout
  #recovering: Promise<void> | undefined
  #waiting = 0
  #lost = 0
  #alarmedAt = -Infinity
  #idleWaiters: (() => void)[] = []

  constructor(options: StoryTellerOptions) {
    const { steps, log } = options
    this.#options = options
    this.#steps = steps
    this.#log = log
    this.#told = new ToldEvents(options.journal)
    this.#seats = new SeatKeeper(steps, log, this.#closing.signal)
    this.#heirs = new Heirs({
      steps,
      log,
      told: this.#told,
      formers: options.journal?.formers ?? [],
      closing: this.#closing.signal,
      onEnded: (ending, hasFinished) => this.#ended(ending, hasFinished),
    })
    this.#doubts = setInterval(() => void this.#forgetDelivered({ forMs: DOUBT_MS, all: false }), DOUBT_MS)
    this.#heartbeat = setInterval(() => this.#told.alive(steps.now()), HEARTBEAT_MS)
  }

  /** Events that the record has not got yet. */
  get waiting(): number {
    return this.#waiting
  }
  /** Events of tracks that were not told because too many waited: an alarm when above 0. */
  get lost(): number {
    return this.#lost
  }

  emit(event: Parameters<RoomEventSink['emit']>[0]): void {
    try {
      if (event.event === 'room_started' || event.event === 'room_finished') return
      const tale = memberTale(event, this.#steps.now())
      if (!tale) this.#log.error({ event: event.event }, 'an event of nobody in a room is not told')
      else if (this.#closing.signal.aborted)
        this.#log.error({ eventId: tale.id }, 'an event came after the end of its teller')
      else if (this.#mayWait(tale)) this.#enqueue(tale)
    } catch (error) {
      // The room must not fail because of a report about it.
      this.#log.error({ err: error, event: event.event }, 'an event could not be told')
    }
  }

  /** Somebody of whom nothing is told (a second connection) has left: its seat is given back behind all that was told of it. */
  left(roomSid: RoomId, roomName: string, psid: ParticipantId): void {
    if (!this.#closing.signal.aborted)
      this.#run(roomSid, () => this.#tellEnd({ roomSid, roomName, psid, draft: undefined }))
  }

  /** The newest ParticipantInfo (as bytes) of somebody whose connection this node holds, `version` of `ParticipantFacts`. For heirs. */
  noteSeat(roomSid: RoomId, identity: string, psid: ParticipantId, version: number, info: Uint8Array): void {
    this.#seats.note(roomSid, identity, psid, { version, info })
  }

  /**
   * Tells the ends of those a buried incarnation had, until it owes none; several nodes may, at once and again. `aliveAtMs`: its last sign of
   * life on the record's clock, when known. Also for the `orphans` of a sweep. Resolves when it is done or this node has stopped.
   */
  inherit(dead: Incarnation, aliveAtMs?: number): Promise<void> {
    return this.#heirs.inherit(dead, aliveAtMs)
  }

  /**
   * Tells what former incarnations of this node had put down in their journals when they were killed. Once, when this one is part of the
   * cluster. Resolves when that is done, or this node has stopped.
   */
  recover(): Promise<void> {
    const closing = this.#closing.signal
    this.#recovering ??= recoverStories(this.#options.journal?.formers ?? [], {
      ...{ steps: this.#steps, log: this.#log, heirs: this.#heirs, closing },
    })
    return this.#recovering
  }

  /** The inbox says so. */
  delivered(ids: readonly string[]): void {
    this.#told.delivered(ids)
  }

  /** The inbox says that hints were lost: it is looked for what was delivered meanwhile. Resolves when that is done, or cannot be. */
  async missed(): Promise<void> {
    await this.#forgetDelivered({ forMs: 0, all: true })
  }

  /** For `restore`: what this node told and nobody has delivered yet as far as it knows, in its order. */
  undelivered(): Restore['events'] {
    return this.#told.list()
  }

  /** Stops, and puts down nothing more of what was delivered. Safe to call twice. */
  async close(graceMs: number): Promise<void> {
    await this.stop(graceMs)
    this.#told.close()
  }

  /**
   * Until all that waits is with the record, at most `graceMs`; then nothing is told any more. What is delivered after that is still put down, until
   * `close`. Safe to call twice.
   */
  async stop(graceMs: number): Promise<void> {
    if (!this.#closing.signal.aborted && this.#steps.ended === undefined) await this.#idle(graceMs)
    if (this.#waiting > 0 && !this.#closing.signal.aborted)
      this.#log.warn(
        { waiting: this.#waiting },
        'events were not told before the end: heirs tell what they know',
      )
    this.#closing.abort()
    clearInterval(this.#doubts)
    clearInterval(this.#heartbeat)
    await Promise.all([...this.#rooms.values()].map(({ queue }) => queue.run(async () => {})))
    await this.#heirs.close()
    await this.#recovering
  }

  /** Only what may come without end is bounded: tracks, from their beginning. */
  #mayWait({ kind, psid, roomSid, trackSid, id }: MemberTale): boolean {
    const end = `${roomSid}:${psid}:${trackSid}`
    if (kind === 'track_unpublished' && this.#untold.delete(end)) {
      this.#lost++
      return false
    }
    if (this.#waiting < (this.#options.mostWaiting ?? MOST_WAITING) || kind !== 'track_published') return true
    this.#untold.add(end)
    this.#lost++
    const now = performance.now()
    if (now - this.#alarmedAt >= ALARM_EVERY_MS) {
      this.#alarmedAt = now
      this.#log.error(
        { eventId: id, waiting: this.#waiting, lost: this.#lost },
        'too many events wait for the shared record: further tracks are not told',
      )
    }
    return false
  }

  #enqueue(tale: MemberTale): void {
    this.#told.add(tale)
    this.#run(tale.roomSid, () => (isEnd(tale) ? this.#tellEnd(tale) : this.#tellOne(tale)))
  }

  #run(roomSid: RoomId, task: () => Promise<void>): void {
    const room = this.#rooms.get(roomSid) ?? { queue: new SerialQueue(), waiting: 0 }
    this.#rooms.set(roomSid, room)
    room.waiting++
    this.#waiting++
    void room.queue
      .run(task)
      .catch((error: unknown) => {
        // The end of this incarnation, or of the node, is no news.
        if (!(error instanceof AppError && error.code === 'unavailable'))
          this.#log.error({ err: error, roomId: roomSid }, 'an event could not be told')
      })
      .finally(() => {
        this.#waiting--
        if (--room.waiting === 0) this.#rooms.delete(roomSid)
        if (this.#waiting === 0) for (const wake of this.#idleWaiters.splice(0)) wake()
      })
  }

  async #tellOne({ roomSid, roomName, psid, kind, draft }: MemberTale): Promise<void> {
    if (kind === 'track_published') {
      // Its facts are noted in the step that told of it. An heir has to know of each track that was told.
      await turn()
      await this.#seats.flush(roomSid, psid)
    }
    const isJoined = kind === 'participant_joined'
    const value = await this.#steps.insist(
      call => this.#steps.record.emit({ ...call, roomSid, psid, isJoined, event: draft }),
      this.#closing.signal,
    )
    if (value === 'taken' || value === 'had') {
      this.#told.had([draft.id], value === 'taken' ? [draft.id] : [])
      this.#options.onTold?.(roomName)
    } else this.#refused(draft.id, value)
  }

  async #tellEnd({
    roomSid,
    roomName,
    psid,
    draft,
  }: Ending & { draft: MemberTale['draft'] | undefined }): Promise<void> {
    const events = draft ? [draft] : []
    const value = await this.#steps.insist(
      call => this.#steps.record.told({ ...call, roomSid, roomName, psid, events }),
      this.#closing.signal,
    )
    this.#seats.forget(roomSid, psid)
    if (typeof value === 'string') return this.#refused(draft?.id, value)
    if (draft) this.#told.had([draft.id], value.taken)
    this.#ended({ roomSid, roomName, psid }, value.hasFinished)
  }

  #refused(eventId: string | undefined, why: string): void {
    this.#log.warn({ eventId, why }, 'an event is not told: the record refuses it')
    if (eventId !== undefined) this.#told.refused([eventId])
  }

  #ended({ roomSid, roomName, psid }: Ending, hasFinished: boolean): void {
    this.#options.onEnded?.(roomSid, psid)
    if (hasFinished) this.#options.onFinished?.(roomSid)
    this.#options.onTold?.(roomName)
  }

  async #forgetDelivered(which: { forMs: number; all: boolean }): Promise<void> {
    try {
      await forgetDelivered(this.#steps, this.#told, which)
    } catch (error) {
      // Another time.
      if (!(error instanceof AppError && error.code === 'unavailable'))
        this.#log.error({ err: error }, 'it cannot be looked for what was delivered')
    }
  }

  async #idle(graceMs: number): Promise<void> {
    if (this.#waiting === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, graceMs)
      this.#idleWaiters.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
