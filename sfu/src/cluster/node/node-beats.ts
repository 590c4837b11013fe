/**
 * A node's beats: it counts itself and those it hears in the record, learns who else there is, and asks for the burial of those whose
 * count stands still.
 */
import type { Log } from '../../room/base/log.ts'
import { BeatWatch } from '../claim/beat-watch.ts'
import { type Instant, instant, Sureness, Vouches } from '../claim/sureness.ts'
import type { NodeLinks } from '../links/node-links.ts'
import type { Incarnation } from '../record/record-types.ts'
import { decodeNodeFacts, type OwnFacts } from './node-facts.ts'
import type { RecordSteps } from './record-steps.ts'

export const BEAT_MS = 500
/** How old what the others say of themselves may be, ms. */
const MEET_MS = 2_000
/** Without an answer for so long the record is not reached, ms. */
const RECORD_SILENT_MS = 2_000
/** Without an answer for so long, and nobody else to be heard, a node is alone, ms. */
const CUT_OFF_MS = 10_000

/** What another node says of itself. */
export type PeerFacts = OwnFacts & { load: string }

export interface NodeBeatsOptions {
  steps: RecordSteps
  links: NodeLinks
  log: Log
  /** Of the links, as the others are told. */
  address: string
  facts(): string
  load(): string
  /** The record says that it is buried. */
  buried(node: Incarnation): void
}

export class NodeBeats {
  readonly #options: NodeBeatsOptions
  readonly #watch = new BeatWatch()
  readonly #sureness = new Sureness()
  readonly #vouches = new Vouches()
  readonly #heardAt = new Map<Incarnation, number>()
  readonly #others = new Map<Incarnation, PeerFacts>()
  /** When the others beat last, as far as the record said, in its time. */
  readonly #aliveAtMs = new Map<Incarnation, number>()
  #metAt = 0
  /** When a beat was answered last, monotonic ms. */
  #answeredAt = performance.now()

  constructor(options: NodeBeatsOptions) {
    this.#options = options
  }

  /** Whether nobody can have buried this incarnation. */
  get isSure(): boolean {
    return this.#sureness.isSure(instant())
  }

  /** How long ago a beat was asked, and answered, that counted that node too, ms; null: none. It may be sure of itself by that. */
  vouchedMs(node: Incarnation): number | null {
    return this.#vouches.ageMs(node, performance.now())
  }

  /** A node that was asked then has said so of this one. */
  vouchedBy(asked: Instant, ageMs: number): void {
    const { monotonicMs, wallMs } = asked
    this.#sureness.counted({ monotonicMs: monotonicMs - ageMs, wallMs: wallMs - ageMs })
  }

  /** The record has answered it just now; else nobody can join here. */
  get reachesRecord(): boolean {
    return performance.now() - this.#answeredAt < RECORD_SILENT_MS
  }

  /** It hears neither the record nor any of those it knows; of two nodes nobody could say which is cut off. */
  get isCutOff(): boolean {
    const peers = this.#options.links.peers()
    const isAlone = peers.length >= 2 && peers.every(({ isUp }) => !isUp)
    return isAlone && performance.now() - this.#answeredAt > CUT_OFF_MS
  }

  /** Those that are linked to this one. */
  others(): Map<Incarnation, PeerFacts> {
    const up = this.#options.links.peers().flatMap(({ incarnation, isUp }) => (isUp ? [incarnation] : []))
    return new Map(
      up.flatMap(inst => {
        const facts = this.#others.get(inst)
        return facts ? [[inst, facts] as const] : []
      }),
    )
  }

  /** When that node beat last as far as this one knows, on the record's clock; for dates only. */
  aliveAtMs(node: Incarnation): number | undefined {
    return this.#aliveAtMs.get(node)
  }

  /** One beat; answers how long to wait for the next, ms. @throws AppError('unavailable') */
  async beat(): Promise<number> {
    const { steps, links, address, facts, load, buried } = this.#options
    const asked = instant()
    const heard = links.peers().flatMap(({ incarnation, heardMs }) => {
      const isNew = heardMs !== null && heardMs > (this.#heardAt.get(incarnation) ?? -1)
      if (isNew) this.#heardAt.set(incarnation, heardMs)
      return isNew ? [incarnation] : []
    })
    const answer = await steps.ask(() =>
      steps.record.beat({
        inst: steps.inst,
        deadlineMs: steps.deadline(1_000),
        host: address,
        facts: facts(),
        load: load(),
        heard,
      }),
    )
    if (answer.outcome === 'buried') steps.end('buried')
    if (answer.outcome === 'done') {
      this.#answeredAt = performance.now()
      // While it waits, the record may yet be told that somebody is buried.
      const { counts } = answer.value
      if (answer.atMs >= answer.era.openFromMs) {
        this.#sureness.counted(asked)
        this.#vouches.counted(asked.monotonicMs, heard, counts)
      }
      const known = links.peers().map(({ incarnation }) => incarnation)
      const noted = this.#watch.note({ era: answer.era.id, counts, heard, known }, performance.now())
      for (const inst of noted.buried) buried(inst)
      for (const { inst, count } of noted.overdue) if (inst !== steps.inst) void this.#bury(inst, count)
      const isNew = [...counts.keys()].some(inst => inst !== steps.inst && !known.includes(inst))
      if (isNew || performance.now() - this.#metAt > MEET_MS) await this.meet()
    }
    return Math.max(0, asked.monotonicMs + BEAT_MS - performance.now())
  }

  /** Links to all there are. @throws AppError('unavailable') */
  async meet(): Promise<void> {
    const { steps, links } = this.#options
    const { nodes } = await steps.ask(() => steps.record.nodes())
    this.#others.clear()
    for (const { inst, facts, load, lastBeatMs } of nodes) {
      if (lastBeatMs > 0) this.#aliveAtMs.set(inst, lastBeatMs)
      const said = inst === steps.inst ? undefined : decodeNodeFacts(facts)
      if (said) this.#others.set(inst, { ...said, load })
    }
    links.meet([...this.#others].map(([incarnation, { address }]) => ({ incarnation, address })))
    for (const inst of this.#aliveAtMs.keys())
      if (!nodes.some(node => node.inst === inst) && !links.peers().some(peer => peer.incarnation === inst))
        this.#aliveAtMs.delete(inst)
    this.#metAt = performance.now()
  }

  async #bury(dead: Incarnation, count: number): Promise<void> {
    const { steps, log, buried } = this.#options
    try {
      const answer = await steps.once(call => steps.record.bury({ ...call, dead, count }))
      if (answer.outcome === 'done' && answer.value !== 'alive') buried(dead)
    } catch (error) {
      log.debug({ err: error, node: dead }, 'a burial was not answered: it is asked for again')
    }
  }
}
