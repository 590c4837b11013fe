/**
 * Somebody in the meeting: on the floor by the browser's own client, and (all but guests) in the room by the stock native SDK. Keeps
 * what the portal acknowledged, and when it was in the room.
 */
import type { CommandResult } from '@diemcau/core/contracts/floor.ts'
import { FloorClient } from '../../../web/live/floor-client.ts'
import type { NodePlan } from '../../supervisor/cluster-plan.ts'
import { ChaosClient } from '../chaos-client.ts'
import { pause } from '../chaos-cluster.ts'
import { lineOf } from './compare-floor.ts'
import { type Sent, settle } from './ledger.ts'
import type { PortalDoor } from './portal-door.ts'
import type { Stretch } from './spans.ts'

const CHAT_EVERY_MS = 1_000
const HAND_EVERY_MS = 1_500
/** With so many unanswered nothing new is said, so that none waits for the limit of commands a second. */
const MOST_UNANSWERED = 4
const LOOK_EVERY_MS = 100
/** Packets come twenty times a second from each of the others. */
const AWAY_MS = 1_000

export interface PersonOptions {
  door: PortalDoor
  /** Between two messages, and between two movements of the hand; default 1 and 1.5 s. */
  everyMs?: number
  /** Undefined: on the floor only. `node`: index of the one it enters by while that is ready. */
  room?: { plans: readonly NodePlan[]; node: number; nodeOf: (identity: string) => number | undefined }
}

export class Person {
  readonly identity: string
  readonly floor: FloorClient
  readonly chat: Sent<number>[] = []
  /** True: up. */
  readonly hand: Sent<boolean>[] = []
  readonly #options: PersonOptions
  readonly #stays: Stretch[] = []
  #room: ChaosClient | undefined
  #isWriting = false
  #writing: Promise<unknown> = Promise.resolve()
  #look: NodeJS.Timeout | undefined
  #wasIn = false
  #isOver = false

  private constructor(options: PersonOptions, identity: string) {
    this.#options = options
    this.identity = identity
    this.floor = new FloorClient(
      async () => (await options.door.enter()).ticket,
      () => {},
      options.door.origin,
    )
  }

  /** @throws Error when it is not let in */
  static async enter(options: PersonOptions): Promise<Person> {
    const { identity, ticket } = await options.door.enter()
    const person = new Person(options, identity)
    person.floor.connect(ticket)
    return person
  }

  /** Into the media room, listening to these. @throws Error */
  async enterRoom(listensTo: readonly string[]): Promise<void> {
    const { door, room } = this.#options
    if (room === undefined) return
    this.#room = await ChaosClient.join({
      room: '',
      identity: this.identity,
      access: { token: async () => (await door.enter()).token, wsUrl: '' },
      ...room,
      listensTo: listensTo.filter(other => other !== this.identity),
    })
    this.#look = setInterval(() => this.#note(), LOOK_EVERY_MS)
  }

  get room(): ChaosClient | undefined {
    return this.#room
  }

  /** Node it comes back to when it can. */
  get home(): number | undefined {
    return this.#options.room?.node
  }

  /** When it got something from the room, ms since the epoch. */
  get stays(): readonly Stretch[] {
    return this.#stays
  }

  /** One message, numbered. */
  say(): Promise<CommandResult> {
    const sent: Sent<number> = { value: this.chat.length + 1, outcome: 'open' }
    this.chat.push(sent)
    const answer = this.floor.send({ type: 'chat_send', text: lineOf(sent.value) })
    void settle(sent, answer)
    return answer
  }

  /** Writes, and raises and lowers the hand, until `rest`. */
  write(): void {
    if (this.#isWriting || this.#isOver) return
    this.#isWriting = true
    this.#writing = this.#writing.then(() => Promise.all([this.#writeChat(), this.#moveHand()]))
  }

  /** Resolves once everything that was sent is answered, or after the limit. */
  async rest(limitMs: number): Promise<void> {
    this.#isWriting = false
    const deadline = Date.now() + limitMs
    const isOpen = () => [...this.chat, ...this.hand].some(({ outcome }) => outcome === 'open')
    while (isOpen() && Date.now() < deadline) await pause(20)
    if (!isOpen()) await this.#writing
  }

  /** Leaves the room; the floor stays open. Idempotent. */
  async leaveRoom(): Promise<void> {
    clearInterval(this.#look)
    this.#note()
    const room = this.#room
    this.#room = undefined
    await room?.leave()
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isOver = true
    this.#isWriting = false
    await this.leaveRoom()
    this.floor.close()
  }

  async #writeChat(): Promise<void> {
    while (this.#isWriting) {
      if (this.chat.filter(({ outcome }) => outcome === 'open').length < MOST_UNANSWERED) void this.say()
      await pause(this.#options.everyMs ?? CHAT_EVERY_MS)
    }
  }

  async #moveHand(): Promise<void> {
    while (this.#isWriting) {
      const isUp = this.hand.length % 2 === 0
      const sent: Sent<boolean> = { value: isUp, outcome: 'open' }
      this.hand.push(sent)
      await settle(sent, this.floor.send({ type: isUp ? 'hand_raise' : 'hand_lower' }))
      await pause(this.#options.everyMs ?? HAND_EVERY_MS)
    }
  }

  /** It is in the room when it gets something from there: the SDK calls itself connected for a while after its node has died. */
  #note(): void {
    const now = Date.now()
    const silenceMs = this.#room?.isConnected
      ? this.#room.silence(performance.now())
      : Number.POSITIVE_INFINITY
    const isIn = silenceMs < AWAY_MS
    if (isIn && !this.#wasIn) this.#stays.push({ from: now, to: now })
    else if (isIn) this.#stays.at(-1)!.to = Math.max(this.#stays.at(-1)!.from, now - silenceMs)
    this.#wasIn = isIn
  }
}
