/** Says how many watch, at most every two seconds a meeting; the last change is always said. */
export class ViewerCounts {
  readonly #count: (meetingId: string) => number
  readonly #send: (meetingId: string, count: number) => void
  readonly #intervalMs: number
  readonly #pending = new Map<string, ReturnType<typeof setTimeout>>()
  readonly #lastSentAt = new Map<string, number>()

  constructor(
    count: (meetingId: string) => number,
    send: (meetingId: string, count: number) => void,
    intervalMs = 2000,
  ) {
    this.#count = count
    this.#send = send
    this.#intervalMs = intervalMs
  }

  changed(meetingId: string): void {
    if (this.#pending.has(meetingId)) return
    const wait = Math.max(0, (this.#lastSentAt.get(meetingId) ?? 0) + this.#intervalMs - Date.now())
    this.#pending.set(
      meetingId,
      setTimeout(() => {
        this.#pending.delete(meetingId)
        const count = this.#count(meetingId)
        if (count === 0) this.#lastSentAt.delete(meetingId)
        else this.#lastSentAt.set(meetingId, Date.now())
        this.#send(meetingId, count)
      }, wait),
    )
  }

  /** For somebody who just came; nothing when nobody watches. */
  tell(meetingId: string, send: (count: number) => void): void {
    const count = this.#count(meetingId)
    if (count > 0) send(count)
  }

  close(): void {
    for (const timer of this.#pending.values()) clearTimeout(timer)
    this.#pending.clear()
  }
}
