import type { CommandResult, FloorCommand } from '@diemcau/core/contracts/floor.ts'

/** How long (ms) a command still means what its sender meant; what was written never expires. */
const CONTROL_LIFETIME_MS = 30_000

interface Entry {
  command: FloorCommand
  addedAtMs: number
  isInFlight: boolean
  settle: (result: CommandResult) => void
}

/**
 * Commands on their way to the portal. Each is kept until the portal has answered it and is sent again, with the same
 * `commandId`, whenever the connection is back; the portal answers a repeated one without doing it twice. Control
 * commands that could not be sent for a while are given up: muting somebody minutes later would be a surprise.
 */
export class UnansweredCommands {
  readonly #entries = new Map<string, Entry>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** The promise settles with the portal's answer, or with `code: 'expired'` or `'closed'`. */
  add(command: FloorCommand): Promise<CommandResult> {
    return new Promise(resolve => {
      this.#entries.set(command.commandId, {
        command,
        addedAtMs: this.#nowMs(),
        isInFlight: false,
        settle: resolve,
      })
    })
  }

  /** What should be sent now, in the order in which it was added; marks it as in flight. */
  takeDue(): FloorCommand[] {
    this.expire()
    const due = [...this.#entries.values()].filter(entry => !entry.isInFlight)
    for (const entry of due) entry.isInFlight = true
    return due.map(entry => entry.command)
  }

  settle(commandId: string, result: CommandResult): void {
    const entry = this.#entries.get(commandId)
    if (!entry) return
    this.#entries.delete(commandId)
    entry.settle(result)
  }

  /** The answer did not come: send it again at the next opportunity. */
  release(commandId: string): void {
    const entry = this.#entries.get(commandId)
    if (entry) entry.isInFlight = false
  }

  /** The connection was lost: no answer can come any more for what was in flight. */
  releaseAll(): void {
    for (const entry of this.#entries.values()) entry.isInFlight = false
  }

  expire(): void {
    for (const [commandId, entry] of this.#entries) {
      const isWritten = entry.command.type === 'chat_send' || entry.command.type === 'question_ask'
      if (isWritten || entry.isInFlight || this.#nowMs() - entry.addedAtMs < CONTROL_LIFETIME_MS) continue
      this.settle(commandId, { ok: false, code: 'expired', message: 'not sent in time' })
    }
  }

  get size(): number {
    return this.#entries.size
  }

  close(): void {
    for (const commandId of [...this.#entries.keys()])
      this.settle(commandId, { ok: false, code: 'closed', message: 'the meeting was left' })
  }
}
