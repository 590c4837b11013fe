/**
 * Who has been gone for a minute lowers the hand and gives back the floor. Each portal writes down whom it sees; who was seen by none
 * for a while is away. All of it is in the database, so that a portal that ends or starts forgets nobody.
 */
import { Prisma } from '@diemcau/prisma/client.ts'
import type { Runtime } from '../runtime.ts'
import { appendToFloor } from './floor-log.ts'
import { lowerHand } from './hand-handlers.ts'
import { peopleRows } from './people-rows.ts'
import { followSpeakers, takeFloor } from './speaking.ts'

/** A hand stays up through a reload or a lost link of this length. */
const GRACE_MS = 60_000
/** Looks in each grace period. */
const LOOKS = 12
/** Not seen for so many looks: another portal that has them would have said so. */
const UNSEEN_LOOKS = 1.5

interface Person {
  meetingId: string
  identity: string
}
interface Absent extends Person {
  awaySince: Date
}

const hands = Prisma.raw('"raised_hand"')
const speakers = Prisma.raw('"floor_grant"')

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
    }, this.#graceMs / LOOKS)
  }

  /** Portals may find the same absence at the same time; under the meeting's lock it ends once. */
  async #sweep(): Promise<void> {
    for (const { meetingId, identity, awaySince } of await this.#look(hands))
      await appendToFloor(this.#runtime, meetingId, scope => lowerHand(scope, identity, awaySince))
    for (const { meetingId, identity, awaySince } of await this.#look(speakers)) {
      const followed = await appendToFloor(this.#runtime, meetingId, scope =>
        takeFloor(scope, '', identity, awaySince),
      )
      await followSpeakers(this.#runtime, meetingId, followed)
    }
  }

  /** Notes who is here and who is nowhere; returns those who have been away too long. By the database's clock. */
  async #look(table: Prisma.Sql): Promise<Absent[]> {
    const { db } = this.#runtime
    const all = await db.$queryRaw<Person[]>`SELECT "meetingId", "identity" FROM ${table}`
    const here = all.filter(this.#isHere)
    if (here.length > 0)
      await db.$executeRaw`
        UPDATE ${table} t SET "seenAt" = now(), "awaySince" = NULL
        FROM ${peopleRows(here)}
        WHERE t."meetingId" = people."meetingId" AND t."identity" = people."identity"`
    if (here.length === all.length) return []
    const unseenMs = Math.round((this.#graceMs / LOOKS) * UNSEEN_LOOKS)
    await db.$executeRaw`
      UPDATE ${table} SET "awaySince" = now()
      WHERE "awaySince" IS NULL AND "seenAt" < now() - ${unseenMs}::int * interval '1 millisecond'`
    return await db.$queryRaw<Absent[]>`
      SELECT "meetingId", "identity", "awaySince" FROM ${table}
      WHERE "awaySince" < now() - ${this.#graceMs}::int * interval '1 millisecond'`
  }
}
