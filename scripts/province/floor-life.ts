/** What the chair and the delegates do on the floor while the meeting goes on: the door, hands, calls to speak. */
import type { FloorClient } from '../../web/live/floor-client.ts'
import { pause } from '../chaos/chaos-cluster.ts'
import { type Sent, settle } from '../chaos/kills/ledger.ts'

const ADMIT_EVERY_MS = 1_000
const HAND_EVERY_MS = 3_000
const CALL_EVERY_MS = 2_000

interface Raiser {
  identity: string
  floor: FloorClient
}

/** `admit` and `live` run until `rest`. */
export class FloorLife {
  /** By identity; true: up. */
  readonly hands = new Map<string, Sent<boolean>[]>()
  /** Calls to open the microphone. */
  readonly calls: Sent<string>[] = []
  /** Longest time the portal took to acknowledge a command, ms. */
  slowestMs = 0
  readonly #chair: FloorClient
  #isLetting = false
  #isLiving = false
  #work: Promise<unknown>[] = []

  constructor(chair: FloorClient) {
    this.#chair = chair
  }

  /** The chair lets everybody in who waits at the door, again and again. */
  admit(): void {
    this.#isLetting = true
    this.#work.push(
      (async () => {
        while (this.#isLetting) {
          if (this.#chair.state.get().lobby.length > 0) await this.#chair.send({ type: 'lobby_admit_all' })
          await pause(ADMIT_EVERY_MS)
        }
      })(),
    )
  }

  /** These raise and lower their hands; the chair asks those whose hand is up to speak, one after the other. */
  live(raisers: readonly Raiser[]): void {
    this.#isLiving = true
    for (const [index, raiser] of raisers.entries()) this.#work.push(this.#moveHand(raiser, index))
    this.#work.push(this.#call())
  }

  /** Resolves once everything is answered, or after the limit. */
  async rest(limitMs: number): Promise<void> {
    this.#isLetting = false
    this.#isLiving = false
    await Promise.race([Promise.all(this.#work), pause(limitMs)])
    this.#work = []
  }

  async #moveHand({ identity, floor }: Raiser, index: number): Promise<void> {
    const sent: Sent<boolean>[] = []
    this.hands.set(identity, sent)
    // Not all in one moment.
    await pause((index % 10) * (HAND_EVERY_MS / 10))
    while (this.#isLiving) {
      const isUp = sent.length % 2 === 0
      const one: Sent<boolean> = { value: isUp, outcome: 'open' }
      sent.push(one)
      await this.#timed(settle(one, floor.send({ type: isUp ? 'hand_raise' : 'hand_lower' })))
      await pause(HAND_EVERY_MS)
    }
  }

  async #call(): Promise<void> {
    for (let turn = 0; this.#isLiving; turn++) {
      const { hands } = this.#chair.state.get()
      const identity = hands[turn % Math.max(1, hands.length)]?.identity
      if (identity !== undefined) {
        const one: Sent<string> = { value: identity, outcome: 'open' }
        this.calls.push(one)
        await this.#timed(settle(one, this.#chair.send({ type: 'ask_unmute', identity })))
      }
      await pause(CALL_EVERY_MS)
    }
  }

  async #timed(answer: Promise<void>): Promise<void> {
    const start = performance.now()
    await answer
    this.slowestMs = Math.max(this.slowestMs, performance.now() - start)
  }
}
