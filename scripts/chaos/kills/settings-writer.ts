/** The chair changes what a chair can change, one after the other, and keeps what was acknowledged. */
import type { FloorClient, NewCommand } from '../../../web/live/floor-client.ts'
import { pause } from '../chaos-cluster.ts'
import { type Sent, settle } from './ledger.ts'

const EVERY_MS = 700
const LOOK_MS = 20

/**
 * Without `chat` and `microphonesHeld`: one would refuse what the others write, the other silence those whose hearing is measured.
 */
export interface Settings {
  viewersMayRaiseHand: boolean
  viewersMayAsk: boolean
  locked: boolean
  /** Identity. */
  spotlight: string | null
}

export type SettingsLog = { [Name in keyof Settings]: Sent<Settings[Name]>[] }

export class SettingsWriter {
  readonly log: SettingsLog = { viewersMayRaiseHand: [], viewersMayAsk: [], locked: [], spotlight: [] }
  readonly #floor: FloorClient
  readonly #identities: readonly string[]
  #isWriting = false
  #writing: Promise<void> = Promise.resolve()
  #turns = 0

  /** @param identities who is put into the spotlight */
  constructor(floor: FloorClient, identities: readonly string[]) {
    this.#floor = floor
    this.#identities = identities
  }

  get all(): Sent<unknown>[] {
    return Object.values(this.log).flat()
  }

  /** Until `rest`. */
  write(): void {
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writing = this.#writing.then(() => this.#write())
  }

  /** Resolves once everything that was sent is answered, or after the limit. */
  async rest(limitMs: number): Promise<void> {
    this.#isWriting = false
    const deadline = Date.now() + limitMs
    const isOpen = () => this.all.some(({ outcome }) => outcome === 'open')
    while (isOpen() && Date.now() < deadline) await pause(LOOK_MS)
    if (!isOpen()) await this.#writing
  }

  async #write(): Promise<void> {
    while (this.#isWriting) {
      await this.#change(this.#turns++)
      await pause(EVERY_MS)
    }
  }

  async #change(turn: number): Promise<void> {
    const isOn = Math.floor(turn / 4) % 2 === 0
    switch (turn % 4) {
      case 0:
        return this.#set('viewersMayRaiseHand', !isOn, { type: 'set_options', viewersMayRaiseHand: !isOn })
      case 1:
        return this.#set('viewersMayAsk', !isOn, { type: 'set_options', viewersMayAsk: !isOn })
      case 2:
        return this.#set('locked', isOn, { type: 'lock', locked: isOn })
      default: {
        // Nobody, and then each of them.
        const identity = [null, ...this.#identities][Math.floor(turn / 4) % (this.#identities.length + 1)]!
        return this.#set('spotlight', identity, { type: 'spotlight', identity })
      }
    }
  }

  async #set<Name extends keyof Settings>(
    name: Name,
    value: Settings[Name],
    command: NewCommand,
  ): Promise<void> {
    const sent: Sent<Settings[Name]> = { value, outcome: 'open' }
    const log: Sent<Settings[Name]>[] = this.log[name]
    log.push(sent)
    await settle(sent, this.#floor.send(command))
  }
}
