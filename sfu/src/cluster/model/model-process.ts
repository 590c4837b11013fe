/**
 * A process of the model, on one monotonic and one wall clock. Its flows are generators: they wait for the record or for time, stop where it is killed,
 * and go on late where it is paused.
 */
import type { Instant } from '../claim/sureness.ts'
import type { Flow } from './parts.ts'
import type { World } from './world.ts'

export class ModelProcess {
  readonly world: World
  readonly slot: number
  isUp = false
  isPaused = false
  wallLeapMs = 0
  startedAtMs = 0
  /** Flows of an earlier life do not go on. */
  #life = 0
  #pending: (() => void)[] = []

  constructor(world: World, slot: number) {
    this.world = world
    this.slot = slot
  }

  get monotonicMs(): number {
    return this.world.nowMs
  }
  get instant(): Instant {
    return { monotonicMs: this.monotonicMs, wallMs: this.world.nowMs + this.wallLeapMs }
  }
  isDoing(): boolean {
    return this.isUp && !this.isPaused
  }

  protected beginLife(): void {
    this.#life++
    this.isUp = true
    this.startedAtMs = this.world.nowMs
  }
  protected endLife(): void {
    this.isUp = false
    this.isPaused = false
    this.#pending = []
    this.#life++
  }
  pause(): void {
    if (this.isUp) this.isPaused = true
  }
  /** All that came meanwhile comes now. */
  wake(): void {
    this.isPaused = false
    for (const then of this.#pending.splice(0)) this.#whenAwake(then)
  }
  /** At once, or when it wakes; not in another life. */
  protected take(then: () => void): void {
    if (!this.isUp) return
    const life = this.#life
    this.#whenAwake(() => {
      if (life === this.#life) then()
    })
  }
  #whenAwake(then: () => void): void {
    if (this.isPaused) this.#pending.push(then)
    else then()
  }

  /** Runs until it ends, or this process does. */
  flow(steps: Flow<unknown>): void {
    const life = this.#life
    const go = (given?: unknown) => {
      this.#whenAwake(() => {
        if (life !== this.#life) return
        const { value: wait, done } = steps.next(given)
        if (done || life !== this.#life) return
        if ('sleepMs' in wait) this.world.in(wait.sleepMs, go)
        else this.world.call(this.slot, wait.step, go)
      })
    }
    go()
  }
}
