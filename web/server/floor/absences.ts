/**
 * Who has been gone for a minute lowers the hand and gives back the floor. Since when somebody is away is kept in the
 * database, so that a restart of this process forgets nobody.
 */
import type { Runtime } from '../runtime.ts'
import { appendToFloor } from './floor-log.ts'
import { lowerHand } from './hand-handlers.ts'
import { syncVoiceNow, takeFloor } from './voter-voice.ts'

/** A hand stays up through a reload or a lost link of this length. */
const GRACE_MS = 60_000

interface Person {
  meetingId: string
  identity: string
}

/** Compares hands and floor with the sockets that are open, twelve times in each grace period. */
export class Absences {
  readonly #runtime: Runtime
  readonly #isHere: (person: Person) => boolean
  readonly #graceMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** @param isHere whether this process has a socket of that person. */
  constructor(runtime: Runtime, isHere: (person: Person) => boolean, graceMs = GRACE_MS) {
    this.#runtime = runtime
    this.#isHere = isHere
    this.#graceMs = graceMs
    this.#schedule()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#sweep()
        .catch(error => this.#runtime.log.warn({ err: error }, 'absences not looked at'))
        .finally(() => this.#schedule())
    }, this.#graceMs / 12)
  }

  async #sweep(): Promise<void> {
    const { db } = this.#runtime
    const select = { meetingId: true, identity: true, awaySince: true }
    const awaySince = { lt: new Date(Date.now() - this.#graceMs) }
    for (const { awaySince: since, ...person } of await db.raisedHandRow.findMany({ select })) {
      const data = this.#change(person, since)
      if (data) await db.raisedHandRow.updateMany({ where: person, data })
      else if (since && since < awaySince.lt)
        await appendToFloor(this.#runtime, person.meetingId, scope =>
          lowerHand(scope, person.identity, awaySince),
        )
    }
    for (const { awaySince: since, ...person } of await db.floorGrant.findMany({ select })) {
      const data = this.#change(person, since)
      if (data) await db.floorGrant.updateMany({ where: person, data })
      else if (since && since < awaySince.lt) {
        await appendToFloor(this.#runtime, person.meetingId, scope =>
          takeFloor(scope, person.identity, awaySince),
        )
        await syncVoiceNow(this.#runtime, person.meetingId, person.identity)
      }
    }
  }

  /** What has to be written down anew about somebody's absence, if anything. */
  #change(person: Person, since: Date | null): { awaySince: Date | null } | null {
    const isHere = this.#isHere(person)
    if (isHere === (since === null)) return null
    return { awaySince: isHere ? null : new Date() }
  }
}
