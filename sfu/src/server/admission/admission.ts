/**
 * Whom this node lets in. Past its budget it refuses whoever comes last, so that those who are there are served; calls of the API, resumes, recorders
 * and whoever comes back to a seat that they have at this node are not asked about. Decision 0033.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { VerifiedClaims } from '../../room/base/claims.ts'
import type { Log } from '../../room/base/log.ts'
import {
  BUDGET_REASONS,
  type BudgetReason,
  type BudgetSettings,
  leftOf,
  NodeBudget,
  type NodeUse,
  type Seat,
} from './node-budget.ts'

export interface AdmissionSettings {
  /** False: everybody is let in. */
  isOn: boolean
  /** Percent of a core that workers are filled to, and for kept seats. */
  workerBudget: number
  workerKeptBudget: number
  /** 0: not looked at. */
  eventLoopMs: number
  /** MiB that must be left; 0: not looked at. */
  memoryLeftMiB: number
  /** Connections; 0: not looked at. */
  people: number
}

export interface AdmissionDeps {
  use(): NodeUse
  /** Somebody of that identity is in the room at this node. */
  isHere(room: string, identity: string): boolean
  log: Log
}

/** What of a border kept seats have beyond it, as a factor. */
const KEPT = { eventLoop: 4, memory: 1 / 4, people: 1.25 }
/** Of ports for media between nodes so many may be taken; a room that comes to the node needs some for each other node. */
const PORTS_TAKEN = [0.9, 0.98] as const
const MIB = 1024 * 1024
/** What a refused client may read. */
const WORDS: Record<BudgetReason, string> = {
  workers: 'its media workers are at their budget',
  event_loop: 'its signalling is late',
  memory: 'it is short of memory',
  ports: 'it has no ports left for media between nodes',
  people: 'it has as many people as it may',
}

export class Admission {
  readonly #deps: AdmissionDeps
  readonly #isOn: boolean
  readonly #budget: NodeBudget
  readonly #borders: BudgetSettings
  readonly #counts = new Map<string, { why: BudgetReason; seat: Seat; count: number }>()
  #last: BudgetReason | undefined

  constructor(settings: AdmissionSettings, deps: AdmissionDeps) {
    this.#deps = deps
    this.#isOn = settings.isOn
    this.#borders = bordersOf(settings)
    this.#budget = new NodeBudget(this.#borders)
  }

  /** Why ordinary newcomers, and those whose seats are kept, are refused now; undefined: they are let in. */
  state(): Record<Seat, BudgetReason | undefined> {
    if (!this.#isOn) return { ordinary: undefined, kept: undefined }
    const state = this.#budget.judge(this.#deps.use())
    if (state.ordinary !== this.#last) {
      const { log } = this.#deps
      if (state.ordinary) log.warn({ why: state.ordinary }, 'this node is full: newcomers are refused')
      else log.info({}, 'this node has room again')
      this.#last = state.ordinary
    }
    return state
  }

  /** Newcomers that still fit, and those whose seats are kept; and what the workers use of their budget together. */
  capacity(): { left: number; keptLeft: number; load: number } {
    const use = this.#deps.use()
    const { ordinary, kept } = this.state()
    const all = use.workerLoads.length * (this.#borders.workerLoad[0] ?? 1)
    const load = all === 0 ? 0 : use.workerLoads.reduce((sum, one) => sum + one, 0) / all
    if (!this.#isOn) return { left: Number.POSITIVE_INFINITY, keptLeft: Number.POSITIVE_INFINITY, load }
    return {
      left: ordinary === undefined ? leftOf(use, this.#borders, 'ordinary') : 0,
      keptLeft: kept === undefined ? leftOf(use, this.#borders, 'kept') : 0,
      load,
    }
  }

  /** Whether somebody is let in. Counts nothing. */
  refusalOf(claims: VerifiedClaims): BudgetReason | undefined {
    const state = this.state()[seatOf(claims)]
    return state && !this.#deps.isHere(claims.video.room ?? '', claims.identity) ? state : undefined
  }

  /** @throws AppError('unavailable') in words: 503, with which clients come again or go elsewhere */
  assertRoomFor(claims: VerifiedClaims): void {
    const why = this.refusalOf(claims)
    if (why === undefined) return
    const seat = seatOf(claims)
    const counted = this.#counts.get(`${why} ${seat}`) ?? { why, seat, count: 0 }
    counted.count += 1
    this.#counts.set(`${why} ${seat}`, counted)
    throw new AppError('unavailable', `this node is full: ${WORDS[why]}`)
  }

  /** How often somebody was refused, by why and the kind of seat. */
  refusals(): { why: BudgetReason; seat: Seat; count: number }[] {
    return [...this.#counts.values()].sort(
      (a, b) => BUDGET_REASONS.indexOf(a.why) - BUDGET_REASONS.indexOf(b.why) || a.seat.localeCompare(b.seat),
    )
  }
}

/** The portal says whose seat is kept; whoever may do everything in the room has one, too, whatever portal it is. */
export const seatOf = ({ video }: VerifiedClaims): Seat =>
  video.keptSeat === true || video.roomAdmin === true ? 'kept' : 'ordinary'

function bordersOf({
  workerBudget,
  workerKeptBudget,
  eventLoopMs,
  memoryLeftMiB,
  people,
}: AdmissionSettings): BudgetSettings {
  const orNever = (value: number) => (value === 0 ? Number.POSITIVE_INFINITY : value)
  return {
    workerLoad: [workerBudget / 100, Math.max(workerBudget, workerKeptBudget) / 100],
    eventLoopMs: [orNever(eventLoopMs), orNever(eventLoopMs) * KEPT.eventLoop],
    memoryLeftBytes: [memoryLeftMiB * MIB, memoryLeftMiB * MIB * KEPT.memory],
    portsTaken: PORTS_TAKEN,
    people: [orNever(people), Math.ceil(orNever(people) * KEPT.people)],
  }
}
