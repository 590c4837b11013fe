/**
 * On this node's disk: what it told and nobody has delivered yet, and who has joined and not left, so that after `kill -9`, or when the record
 * was emptied too, the next incarnation tells it with the same ids.
 */
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import { Journal } from '@diemcau/core/outbox/journal.ts'
import { z } from 'zod'
import type { Log } from '../../room/base/log.ts'
import type { Incarnation } from '../record/record-types.ts'
import { MEMBER_EVENT_KINDS, type MemberTale } from './story-events.ts'

const FOLDER = path.join('outbox', 'story')
const ENDING = '.jsonl'
/** The file is rewritten when it has this many lines and most of them are done with. */
const COMPACT_FROM_LINES = 2_000

const entry = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('add'),
    id: z.string(),
    kind: z.enum(MEMBER_EVENT_KINDS),
    trackSid: z.string().optional(),
    roomSid: z.string(),
    roomName: z.string(),
    psid: z.string(),
    body: z.string(),
    atMs: z.number().optional(),
  }),
  z.object({ op: z.literal('done'), ids: z.array(z.string()) }),
  z.object({ op: z.literal('alive'), atMs: z.number() }),
])
type Entry = z.infer<typeof entry>

/** What a former incarnation of this data folder left. */
export interface FormerJournal {
  inst: Incarnation
  /** Its last sign of life on the record's clock, as far as it is known. */
  aliveAtMs: number | undefined
  /** In the order they were told; of some the beginning was delivered and is not here any more. */
  tales: MemberTale[]
  /** All of it is with the record. */
  remove(): void
}

export class StoryJournal {
  readonly #journal: Journal<Entry>
  readonly #file: string
  readonly #log: Log
  /** Of other incarnations, which are over: only one process may hold a data folder. */
  readonly formers: FormerJournal[]

  private constructor(journal: Journal<Entry>, file: string, log: Log, formers: FormerJournal[]) {
    this.#journal = journal
    this.#file = file
    this.#log = log
    this.formers = formers
  }

  /** The caller closes it. @throws Node's error when the folder cannot be used */
  static open({ dataDir, inst, log }: { dataDir: string; inst: Incarnation; log: Log }): StoryJournal {
    const folder = path.join(dataDir, FOLDER)
    const file = path.join(folder, `${inst}${ENDING}`)
    const { journal } = Journal.open<Entry>(file, value => entry.safeParse(value).data ?? null)
    const formers = readdirSync(folder)
      .filter(name => name.endsWith(ENDING) && name !== path.basename(file))
      .map(name => readFormer(path.join(folder, name), log))
    return new StoryJournal(journal, file, log, formers)
  }

  add({ id, kind, trackSid, roomSid, roomName, psid, draft: { body, atMs } }: MemberTale): void {
    this.#write({ op: 'add', id, kind, trackSid, roomSid, roomName, psid, body, atMs })
  }
  done(ids: string[]): void {
    if (ids.length > 0) this.#write({ op: 'done', ids })
  }
  alive(atMs: number): void {
    this.#write({ op: 'alive', atMs })
  }

  /** `live`: all that is to be in it. */
  mayCompact(live: readonly MemberTale[], aliveAtMs: number): void {
    if (this.#journal.length < COMPACT_FROM_LINES + 4 * live.length) return
    try {
      this.#journal.compact([
        ...live.map(({ draft: { body, atMs }, ...tale }): Entry => ({ op: 'add', ...tale, body, atMs })),
        { op: 'alive', atMs: aliveAtMs },
      ])
    } catch (error) {
      this.#log.error({ err: error }, 'the journal of what was told cannot be compacted')
    }
  }

  /** `isDone`: nothing of it is needed any more. Safe to call twice. */
  close(isDone: boolean): void {
    try {
      this.#journal.close()
      if (isDone) rmSync(this.#file, { force: true })
    } catch (error) {
      this.#log.error({ err: error }, 'the journal of what was told cannot be closed')
    }
  }

  #write(line: Entry): void {
    try {
      this.#journal.append(line)
    } catch (error) {
      this.#log.error({ err: error, op: line.op }, 'the journal of what was told cannot be written')
    }
  }
}

function readFormer(file: string, log: Log): FormerJournal {
  const { journal, entries, skipped } = Journal.open<Entry>(
    file,
    value => entry.safeParse(value).data ?? null,
  )
  journal.close()
  if (skipped > 0) log.warn({ file, skipped }, 'unreadable lines of a journal of what was told were skipped')
  const tales = new Map<string, MemberTale>()
  let aliveAtMs: number | undefined
  for (const line of entries) {
    if (line.op !== 'done') aliveAtMs = Math.max(aliveAtMs ?? 0, line.atMs ?? 0) || undefined
    if (line.op === 'add') tales.set(line.id, taleOf(line))
    else if (line.op === 'done') for (const id of line.ids) tales.delete(id)
  }
  return {
    inst: path.basename(file, ENDING) as Incarnation,
    aliveAtMs,
    tales: [...tales.values()],
    remove: () => rmSync(file, { force: true }),
  }
}

const taleOf = ({ id, kind, trackSid, body, atMs, ...line }: Extract<Entry, { op: 'add' }>): MemberTale => ({
  id,
  kind,
  ...(trackSid === undefined ? {} : { trackSid: trackSid as TrackId }),
  roomSid: line.roomSid as RoomId,
  roomName: line.roomName,
  psid: line.psid as ParticipantId,
  draft: { id, body, atMs },
})
