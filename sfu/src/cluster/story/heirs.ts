/** Tells the ends of those whose node is buried, from what the record keeps of them. Any number of nodes may do it: the ids are the same. */
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import { Room as RoomMessage } from '@livekit/protocol'
import type { Log } from '../../room/base/log.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import { MOST_ENTRIES } from '../record/cluster-record.ts'
import type { Incarnation, OwedEnding } from '../record/record-types.ts'
import { completed, hasJoined, talesBySeat } from './former-story.ts'
import { endingStory, type MemberTale, roomMessage, seatKey } from './story-events.ts'
import type { FormerJournal } from './story-journal.ts'
import type { ToldEvents } from './told-events.ts'

/** Endings are told so many at a time. */
const AT_ONCE = 16

interface HeirsOptions {
  steps: RecordSteps
  log: Log
  told: ToldEvents
  /** What former incarnations of this node put down. */
  formers: readonly FormerJournal[]
  closing: AbortSignal
  /** Its leaving is told. */
  onEnded(ending: Pick<OwedEnding, 'roomSid' | 'roomName' | 'psid'>, hasFinished: boolean): void
}

interface Inheritance {
  promise: Promise<void>
  /** Asked for once more meanwhile. */
  isAgain: boolean
}

export class Heirs {
  readonly #options: HeirsOptions
  readonly #running = new Map<Incarnation, Inheritance>()
  /** By incarnation and seat. */
  readonly #putDown: Map<Incarnation, Map<string, MemberTale[]>>

  constructor(options: HeirsOptions) {
    this.#options = options
    this.#putDown = new Map(options.formers.map(former => [former.inst, talesBySeat(former)]))
  }

  /** One at a time of each. Never rejects. */
  inherit(dead: Incarnation, aliveAtMs: number | undefined): Promise<void> {
    const running = this.#running.get(dead)
    if (running) {
      running.isAgain = true
      return running.promise
    }
    const fresh: Inheritance = { promise: Promise.resolve(), isAgain: false }
    this.#running.set(dead, fresh)
    fresh.promise = this.#run(dead, aliveAtMs, fresh).finally(() => this.#running.delete(dead))
    return fresh.promise
  }

  /** What runs has ended. Only after `closing` was aborted. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ promise }) => promise))
  }

  async #run(dead: Incarnation, aliveAtMs: number | undefined, inheritance: Inheritance): Promise<void> {
    const { log } = this.#options
    try {
      do {
        inheritance.isAgain = false
        await this.#tellAll(dead, aliveAtMs)
      } while (inheritance.isAgain && !this.#options.closing.aborted)
    } catch (error) {
      // The end of this incarnation, or of the node: another heir tells it.
      if (!(error instanceof AppError && error.code === 'unavailable'))
        log.error({ err: error, node: dead }, 'what a buried node owed could not be told')
    }
  }

  async #tellAll(dead: Incarnation, aliveAtMs: number | undefined): Promise<void> {
    const { steps, log, closing } = this.#options
    const rooms = new Map<RoomId, Promise<RoomMessage>>()
    const tried = new Set<string>()
    let told = 0
    for (;;) {
      const owed = await steps.insist(call => steps.record.inherit({ ...call, dead }), closing)
      if (owed === 'not_buried' || owed.length === 0) break
      const fresh = owed.filter(({ roomSid, psid }) => !tried.has(`${roomSid}:${psid}`))
      if (fresh.length === 0) {
        log.error({ node: dead, owed: owed.length }, 'what a buried node owed stays owed')
        break
      }
      for (let i = 0; i < fresh.length; i += AT_ONCE)
        await Promise.all(
          fresh.slice(i, i + AT_ONCE).map(async ending => {
            tried.add(`${ending.roomSid}:${ending.psid}`)
            const room = rooms.get(ending.roomSid) ?? this.#room(ending)
            rooms.set(ending.roomSid, room)
            await this.#tell(ending, await room, aliveAtMs)
          }),
        )
      told += fresh.length
    }
    if (told > 0) log.info({ node: dead, told }, 'the ends of those of a buried node were told')
  }

  async #tell(ending: OwedEnding, room: RoomMessage, aliveAtMs: number | undefined): Promise<void> {
    const atMs = aliveAtMs ?? this.#options.steps.now()
    const own = this.#putDown.get(ending.inst)?.get(seatKey(ending)) ?? []
    const isActive = ending.isActive || hasJoined(own)
    await this.tell(ending, completed(own, endingStory({ ...ending, isActive }, room, atMs), atMs))
  }

  /** The whole story of somebody who is gone; nothing of it when its leaving was told. `no_room`: the record has never heard of that room. */
  async tell(
    { roomSid, roomName, psid }: Pick<OwedEnding, 'roomSid' | 'roomName' | 'psid'>,
    story: MemberTale[],
  ): Promise<'told' | 'not_yours' | 'no_room'> {
    const { steps, log, told, closing, onEnded } = this.#options
    for (const tale of story) told.add(tale)
    // One step takes no more than that. Those before are mostly repeats.
    for (const { id, draft: event } of story.slice(0, -MOST_ENTRIES)) {
      const value = await steps.insist(call => steps.record.emit({ ...call, roomSid, event }), closing)
      told.had([id], value === 'taken' ? [id] : [])
    }
    const events = story.slice(-MOST_ENTRIES).map(({ draft }) => draft)
    const value = await steps.insist(
      call => steps.record.told({ ...call, roomSid, roomName, psid, events }),
      closing,
    )
    const ids = events.map(({ id }) => id)
    if (typeof value === 'string') {
      log.warn(
        { roomId: roomSid, participantId: psid, why: value },
        'an ending is not told: the record refuses it',
      )
      told.refused(ids)
      return value
    }
    told.had(ids, value.taken)
    onEnded({ roomSid, roomName, psid }, value.hasFinished)
    return 'told'
  }

  async #room({ roomSid, roomName }: OwedEnding): Promise<RoomMessage> {
    const { steps, log, closing } = this.#options
    const facts = await steps.insist(async () => {
      const { room, ...stamp } = await steps.record.roomBySid(roomSid)
      return { ...stamp, outcome: 'done', value: room }
    }, closing)
    if (!facts) return new RoomMessage({ sid: roomSid, name: roomName })
    return roomMessage(facts, error =>
      log.warn({ err: error, roomId: roomSid }, 'what a room is made of cannot be read'),
    )
  }
}
