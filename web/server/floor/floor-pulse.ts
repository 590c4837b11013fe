/**
 * What other portals did, read from the database once a second: events that were committed, rights that ended, answers at the door.
 * As a rule Redis has told it before; with this nothing hangs on Redis, nor on a portal that dies between its commit and its word.
 */
import type { Runtime } from '../runtime.ts'
import type { FloorSockets } from './floor-sockets.ts'
import { peopleRows } from './people-rows.ts'
import type { Ticket } from './ticket.ts'

const EVERY_MS = 1_000
/** Jobs this old were seen before; portals' clocks may differ by less than this. */
const LOOK_BACK_MS = 60_000

interface Answer {
  meetingId: string
  identity: string
  status: string
}

/** As in the jobs; of a hall it is all that could be. */
interface Touched {
  meetingId?: string
  userId?: string
}

function touches({ meetingId, userId }: Touched, ticket: Ticket): boolean {
  if (meetingId !== undefined) return ticket.meetingId === meetingId
  return userId === undefined || ticket.userId === userId
}

export class FloorPulse {
  readonly #runtime: Runtime
  readonly #here: FloorSockets
  readonly #everyMs: number
  #seenJobs = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isAway = false
  #isClosed = false

  constructor(runtime: Runtime, here: FloorSockets, everyMs = EVERY_MS) {
    this.#runtime = runtime
    this.#here = here
    this.#everyMs = everyMs
    this.#again()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #again(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#look()
        .then(
          () => {
            this.#isAway = false
          },
          error => {
            if (!this.#isAway) this.#runtime.log.warn({ err: error }, 'what others did cannot be read')
            this.#isAway = true
          },
        )
        .finally(() => this.#again())
    }, this.#everyMs)
  }

  /** Rights are read first and ended last: who is put out is told of it before. */
  async #look(): Promise<void> {
    const lost = await this.#endedRights()
    await this.#tellNews()
    await this.#tellWaiting()
    if (lost.length > 0) await this.#here.judge(ticket => lost.some(touched => touches(touched, ticket)))
  }

  /** Whatever ends a right enqueues one of these jobs in its transaction. */
  async #endedRights(): Promise<Touched[]> {
    const now = Date.now()
    const jobs = await this.#runtime.db.job.findMany({
      where: {
        status: { in: ['queued', 'done', 'failed'] },
        kind: { in: ['judge_places', 'remove_participant', 'close_room'] },
        runAt: { gt: new Date(now - LOOK_BACK_MS), lte: new Date(now) },
      },
      select: { id: true, payload: true },
    })
    const seen = this.#seenJobs
    this.#seenJobs = new Set(jobs.map(({ id }) => id))
    return jobs.filter(({ id }) => !seen.has(id)).map(({ payload }) => payload as Touched)
  }

  async #tellNews(): Promise<void> {
    const ids = this.#here.meetings()
    if (ids.length === 0) return
    const rows = await this.#runtime.db.meeting.findMany({
      where: { id: { in: ids } },
      select: { id: true, lastSeq: true },
    })
    await Promise.all(rows.map(({ id, lastSeq }) => this.#here.tellUpTo(id, lastSeq)))
  }

  async #tellWaiting(): Promise<void> {
    const people = this.#here.waiting()
    if (people.length === 0) return
    const answered = await this.#runtime.db.$queryRaw<Answer[]>`
      SELECT r."meetingId", r."identity", r."status"
      FROM ${peopleRows(people)}
      JOIN "lobby_request" r ON r."meetingId" = people."meetingId" AND r."identity" = people."identity"
      WHERE r."status" <> 'waiting'`
    for (const { meetingId, identity, status } of answered)
      this.#here.answer(meetingId, identity, status === 'left' ? null : status === 'admitted')
  }
}
