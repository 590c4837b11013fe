/** A meeting whose processes are killed one after the other, round by round, and what became of what had been acknowledged. */
import path from 'node:path'
import { pause } from '../chaos-cluster.ts'
import { type Compared, type Comparison, compare } from './compare.ts'
import type { Kill } from './compare-recording.ts'
import type { Kind, Victim } from './kinds.ts'
import { People } from './people.ts'
import type { Product } from './product.ts'
import { readMeeting } from './read-meeting.ts'
import { CapturedFiles, filmLengthMs } from './read-recording.ts'

/** For all that has to come back after one kill. */
const LIMIT_MS = 60_000
const LOOK_MS = 50
/** Between two kills everybody compares so often. */
const COMPARE_EVERY = 10
/** A film is made in this time and as long as it is itself, beside whatever else the machine does; it ends what hangs. */
const FILM_MS = 600_000
/** A command that was refused is tried again so soon; less than the limit of commands a second allows. */
const AGAIN_MS = 500
/** Gaps are filled, and encoders round. */
const FILM_SLACK_MS = 5_000

export interface KillResult {
  kind: string
  name: string
  round: number
  /** From the kill until another process answered, ms; undefined: it did not. */
  backMs: number | undefined
  /** Until a command sent after it was acknowledged. */
  commandMs: number | undefined
  /** Longest silence of each person whose node it was, from or to anybody. */
  peopleMs: number[]
  /** Longest silence between others. */
  othersMs: number
  lost: string[]
}

export interface KillsReport {
  kills: KillResult[]
  rounds: number
  /** Without pauses of comparing, ms. */
  roundsMs: number[]
  comparisons: { after: number; faults: string[] }[]
  last: Comparison
  /** Length of the film in ms, or why there is none to judge; undefined: it was not waited for. */
  film: { lengthMs: number; recordedMs: number } | { fault: string } | undefined
}

export interface KillsRun {
  product: Product
  kinds: readonly Kind[]
  rounds: number
  ffprobe: string
  say: (line: string) => void
  /** Ends before the next kill; what was done is compared and reported. */
  signal: AbortSignal
}

export async function runKills(run: KillsRun): Promise<KillsReport> {
  const people = await People.gather(run.product)
  try {
    return await new Killing(run, people).play()
  } finally {
    await people.close()
  }
}

class Killing {
  readonly #run: KillsRun
  readonly #people: People
  readonly #results: KillResult[] = []
  readonly #kills: Kill[] = []
  readonly #comparisons: KillsReport['comparisons'] = []
  readonly #roundsMs: number[] = []
  #stoppedAt = 0
  /** By name: since when a part lives. */
  readonly #livesSince = new Map<string, number>()

  constructor(run: KillsRun, people: People) {
    this.#run = run
    this.#people = people
  }

  async play(): Promise<KillsReport> {
    const { product, kinds, rounds, say, signal, ffprobe } = this.#run
    const people = this.#people
    const recording = await people.whenRecorded()
    const unwell = await people.whenWell(LIMIT_MS)
    if (unwell !== null) throw new Error(`before the first kill: ${unwell}`)
    const folder = path.join(product.dataDir, 'recordings', recording.egressId)
    const all: Compared = {
      people,
      initial: (await readMeeting(people.db, people.meetingId)).settings,
      files: new CapturedFiles(folder, ffprobe),
      recording,
      kills: this.#kills,
    }
    say(
      `${people.inRoom.length} people are in the room of ${product.plans.length} nodes, ${recording.egressId} records`,
    )
    people.write()
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const started = performance.now()
      for (const kind of kinds) if (!signal.aborted) await this.#kill(kind, round)
      this.#roundsMs.push(performance.now() - started)
      if ((round + 1) % COMPARE_EVERY !== 0 || round + 1 === rounds || signal.aborted) continue
      const { faults } = await compare(all)
      this.#comparisons.push({ after: round + 1, faults })
      say(`after ${round + 1} rounds: ${faults.length === 0 ? 'everything is there' : faults.join('; ')}`)
      people.write()
    }
    const last = await this.#end(all)
    const film = await this.#film(all, path.join(folder, 'recording.mp4'))
    return {
      kills: this.#results,
      rounds: this.#roundsMs.length,
      roundsMs: this.#roundsMs,
      comparisons: this.#comparisons,
      last,
      film,
    }
  }

  async #kill(kind: Kind, round: number): Promise<void> {
    const { product, say } = this.#run
    const people = this.#people
    const lost: string[] = []
    const victim = await this.#prepare(kind, round)
    if (victim === undefined) {
      this.#note({
        kind: kind.name,
        name: kind.name,
        round,
        lost: [`${kind.title} was not there to be killed`],
      })
      return
    }
    const nodeOf = new Map(people.inRoom.map(({ identity }) => [identity, product.nodeOf(identity)]))
    people.startWindow()
    const start = performance.now()
    this.#kills.push({ kind: kind.name, at: Date.now() })
    try {
      process.kill(victim.pid, 'SIGKILL')
    } catch {
      lost.push(`${victim.name} had died by itself`)
    }
    const [backMs, commandMs] = await Promise.all([
      this.#whenBack(kind, victim, start),
      this.#whenCommanded(start),
    ])
    const unwell = await people.whenWell(LIMIT_MS)
    if (backMs === undefined) lost.push(`${victim.name} is not back`)
    if (commandMs === undefined) lost.push('no command is acknowledged any more')
    if (unwell !== null) lost.push(unwell)
    const { hit, others } = people.silences(nodeOf, victim.node)
    const result = {
      kind: kind.name,
      name: victim.name,
      round,
      backMs,
      commandMs,
      peopleMs: hit,
      othersMs: Math.max(0, ...others),
      lost,
    }
    this.#note(result)
    say(describe(result))
  }

  #note(result: Pick<KillResult, 'kind' | 'name' | 'round' | 'lost'> & Partial<KillResult>): void {
    this.#livesSince.set(result.name, Date.now())
    this.#results.push({ backMs: undefined, commandMs: undefined, peopleMs: [], othersMs: 0, ...result })
  }

  /** Whom the kill is to hit is there, and has lived long enough. */
  async #prepare(kind: Kind, round: number): Promise<Victim | undefined> {
    const deadline = Date.now() + LIMIT_MS
    const first = await kind.find(this.#run.product, round)
    const since = this.#livesSince.get(first?.name ?? '') ?? 0
    while (Date.now() < since + kind.livesMs) await pause(LOOK_MS)
    if (first?.node !== undefined && (await this.#people.bringHome(first.node)))
      await this.#people.whenWell(LIMIT_MS)
    for (;;) {
      const victim = await kind.find(this.#run.product, round)
      if (victim !== undefined || Date.now() > deadline) return victim
      await pause(LOOK_MS)
    }
  }

  async #whenBack(kind: Kind, victim: Victim, start: number): Promise<number | undefined> {
    while (performance.now() - start < LIMIT_MS) {
      if (await kind.isBack(this.#run.product, victim, this.#people.db)) return performance.now() - start
      await pause(LOOK_MS)
    }
    return undefined
  }

  /** A refusal is tried again at once, by a new command, as somebody would who reads that it did not go. */
  async #whenCommanded(start: number): Promise<number | undefined> {
    while (performance.now() - start < LIMIT_MS) {
      const answer = await Promise.race([this.#people.official.say(), pause(LIMIT_MS)])
      if (answer?.ok) return performance.now() - start
      await pause(AGAIN_MS)
    }
    return undefined
  }

  /** The recording is stopped, everybody leaves, the meeting ends; then all is compared. */
  async #end(all: Compared): Promise<Comparison> {
    const people = this.#people
    const before = await compare(all)
    this.#comparisons.push({ after: this.#roundsMs.length, faults: before.faults })
    const stopped = await people.chair.floor.send({ type: 'recording_stop' })
    this.#stoppedAt = Date.now()
    await this.#whenCaptureEnded(all)
    await Promise.all(people.all.map(person => person.leaveRoom()))
    const last = await compare(all, { stoppedAt: this.#stoppedAt })
    const ended = await people.chair.floor.send({ type: 'end_meeting' })
    for (const [what, answer] of Object.entries({ recording_stop: stopped, end_meeting: ended }))
      if (!answer.ok) last.faults.push(`${what} was refused: ${answer.code}`)
    const { status } = await readMeeting(people.db, people.meetingId)
    if (ended.ok && status !== 'ended') last.faults.push(`the meeting was ended, and is ${status}`)
    return last
  }

  /** The recorder has heard of the stop, by a job. */
  async #whenCaptureEnded({ people, recording }: Compared): Promise<void> {
    const deadline = Date.now() + LIMIT_MS
    while (Date.now() < deadline) {
      const row = await people.db.recording.findUnique({ where: { id: recording.id } })
      if (row?.status === 'composing' || row?.status === 'ready' || row?.status === 'failed') return
      await pause(LOOK_MS)
    }
  }

  async #film({ people, recording }: Compared, file: string): Promise<KillsReport['film']> {
    const { signal, say, ffprobe } = this.#run
    const since = Date.now()
    const recordedMs = this.#stoppedAt - recording.startedAt
    say('waiting for the film (Ctrl-C leaves it)')
    while (!signal.aborted) {
      const row = await people.db.recording.findUniqueOrThrow({ where: { id: recording.id } })
      if (row.status === 'failed') return { fault: `the film could not be made: ${row.error}` }
      if (row.status === 'ready') {
        try {
          const lengthMs = await filmLengthMs(file, ffprobe)
          return Math.abs(lengthMs - recordedMs) > FILM_SLACK_MS
            ? { fault: `the film has ${Math.round(lengthMs / 1000)} s of ${Math.round(recordedMs / 1000)} s` }
            : { lengthMs, recordedMs }
        } catch (error) {
          return { fault: error instanceof Error ? error.message : String(error) }
        }
      }
      if (Date.now() - since > FILM_MS + recordedMs) return { fault: `the film is still ${row.status}` }
      await pause(LOOK_MS)
    }
    return undefined
  }
}

function describe({ name, round, backMs, commandMs, peopleMs, othersMs, lost }: KillResult): string {
  const ms = (value: number | undefined) => (value === undefined ? '–' : `${Math.round(value)} ms`)
  const hit = peopleMs.length > 0 ? `, its people apart for ${ms(Math.max(...peopleMs))}` : ''
  const words = lost.length > 0 ? `; LOST: ${lost.join('; ')}` : ''
  return `round ${round + 1}, ${name}: back ${ms(backMs)}, command ${ms(commandMs)}${hit}, others' silence ${ms(othersMs)}${words}`
}
