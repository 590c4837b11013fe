/** That this portal lives, and how many viewers it has: said to the others through the database. */
import type { Runtime } from '../runtime.ts'

const BEAT_MS = 2_000
/** Whoever has said nothing for so long has no viewers any more. */
const SILENCE_S = 7
const FORGOTTEN_S = 60

type ViewersByMeeting = Record<string, number>

export class PortalBeat {
  readonly #runtime: Runtime
  readonly #viewersHere: () => ViewersByMeeting
  readonly #changed: (meetingId: string) => void
  #elsewhere = new Map<string, number>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #beating: Promise<void> = Promise.resolve()
  #isClosed = false

  /** @param changed is told of each meeting whose viewers at other portals became more or fewer. */
  constructor(runtime: Runtime, viewersHere: () => ViewersByMeeting, changed: (meetingId: string) => void) {
    this.#runtime = runtime
    this.#viewersHere = viewersHere
    this.#changed = changed
    this.#again()
  }

  /** Viewers of this meeting at other portals, as of some seconds ago. */
  viewersElsewhere(meetingId: string): number {
    return this.#elsewhere.get(meetingId) ?? 0
  }

  /** Takes this portal off the list. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#beating
    const { db, id } = this.#runtime
    await db.portal.deleteMany({ where: { id } }).catch(() => {})
  }

  #again(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat()
        .catch(error => this.#runtime.log.debug({ err: error }, 'no beat'))
        .finally(() => this.#again())
    }, BEAT_MS)
  }

  async #beat(): Promise<void> {
    const { db, id } = this.#runtime
    const viewers = JSON.stringify(this.#viewersHere())
    await db.$executeRaw`
      INSERT INTO "portal" ("id", "viewers", "beatAt") VALUES (${id}, ${viewers}::jsonb, now())
      ON CONFLICT ("id") DO UPDATE SET "viewers" = excluded."viewers", "beatAt" = now()`
    await db.$executeRaw`DELETE FROM "portal" WHERE "beatAt" < now() - ${FORGOTTEN_S}::int * interval '1 second'`
    const rows = await db.$queryRaw<{ meetingId: string; count: number }[]>`
      SELECT v."key" AS "meetingId", sum(v."value"::int)::int AS "count"
      FROM "portal" p CROSS JOIN jsonb_each_text(p."viewers") v
      WHERE p."id" <> ${id} AND p."beatAt" > now() - ${SILENCE_S}::int * interval '1 second'
      GROUP BY v."key"`
    const before = this.#elsewhere
    this.#elsewhere = new Map(rows.map(row => [row.meetingId, row.count]))
    for (const meetingId of new Set([...before.keys(), ...this.#elsewhere.keys()]))
      if (before.get(meetingId) !== this.#elsewhere.get(meetingId)) this.#changed(meetingId)
  }
}
