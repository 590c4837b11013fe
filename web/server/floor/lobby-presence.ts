/**
 * Who still stands at the door. People wait by an open socket; one who closed the page is taken off the list some seconds later,
 * so that nobody is let in who is not there. Coming back puts them on it again, at their old place. Each portal writes down whom it
 * sees.
 */
import type { Runtime } from '../runtime.ts'
import { appendToFloor } from './floor-log.ts'
import { peopleRows } from './people-rows.ts'

/** A reload or a short cut of the link. */
const GRACE_MS = 8_000
const LOOK_EVERY_MS = 2_000

interface Person {
  meetingId: string
  identity: string
}
interface Missing {
  id: string
  meetingId: string
  seenAt: Date
}

export class LobbyPresence {
  readonly #runtime: Runtime
  readonly #isThere: (meetingId: string, identity: string) => boolean
  /** Since when each look has worked: before that somebody else may have been kept from saying whom they see. */
  #steadySince = performance.now()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(runtime: Runtime, isThere: (meetingId: string, identity: string) => boolean) {
    this.#runtime = runtime
    this.#isThere = isThere
    const again = () => {
      this.#timer = setTimeout(() => {
        this.#look()
          .catch(error => {
            this.#steadySince = performance.now()
            runtime.log.warn({ err: error }, 'the lobby was not looked through')
          })
          .finally(() => {
            if (!this.#isClosed) again()
          })
      }, LOOK_EVERY_MS)
    }
    again()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Looks once through everybody who waits. By the database's clock. */
  async #look(): Promise<void> {
    const { db } = this.#runtime
    const isOpen = { status: 'waiting', meeting: { status: { in: ['scheduled', 'live'] } } }
    const waiting = await db.lobbyRequestRow.findMany({
      where: isOpen,
      select: { meetingId: true, identity: true },
    })
    const here = waiting.filter((one: Person) => this.#isThere(one.meetingId, one.identity))
    if (here.length > 0)
      await db.$executeRaw`
        UPDATE "lobby_request" r SET "seenAt" = now()
        FROM ${peopleRows(here)}
        WHERE r."meetingId" = people."meetingId" AND r."identity" = people."identity"`
    if (here.length === waiting.length || performance.now() - this.#steadySince < GRACE_MS) return
    const missing = await db.$queryRaw<Missing[]>`
      SELECT r."id", r."meetingId", r."seenAt" FROM "lobby_request" r JOIN "meeting" m ON m."id" = r."meetingId"
      WHERE r."status" = 'waiting' AND m."status" IN ('scheduled', 'live')
        AND r."seenAt" < now() - ${GRACE_MS}::int * interval '1 millisecond'`
    for (const request of missing) await this.#takeOff(request)
  }

  async #takeOff({ id, meetingId, seenAt }: Missing): Promise<void> {
    await appendToFloor(this.#runtime, meetingId, async ({ tx, emit }) => {
      const { count } = await tx.lobbyRequestRow.updateMany({
        where: { id, status: 'waiting', seenAt },
        data: { status: 'left' },
      })
      if (count > 0) emit({ type: 'lobby_settled', requestId: id, admitted: false })
    })
  }
}
