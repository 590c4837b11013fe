/**
 * What a node can still take, by what is measured of it. Two borders for each: ordinary newcomers are refused at the first one, those whose
 * seats are kept (the chair, the halls) at the second. Pure but for what it remembers of its last answer.
 */

/** `workers`, all are at their budget; `event_loop`, signalling is late; `memory`; `ports`, for media between nodes; `people`, as the setting says. */
export const BUDGET_REASONS = ['workers', 'event_loop', 'memory', 'ports', 'people'] as const
export type BudgetReason = (typeof BUDGET_REASONS)[number]

export interface NodeUse {
  /** Of each media worker, in cores; a worker that is being started anew is not among them. */
  workerLoads: readonly number[]
  /** 99th percentile over the last seconds, ms. */
  eventLoopMs: number
  /** What the machine, or the container, has left, bytes. */
  memoryLeftBytes: number
  /** For media between nodes, the part that is taken, 0 to 1; 0 where the node is alone. */
  portsTaken: number
  /** Connections at this node. */
  people: number
  /** What a newcomer is expected to use of a worker, cores. */
  estimate: number
}

/** Two borders: for ordinary newcomers and for those whose seats are kept. */
type Borders = readonly [ordinary: number, kept: number]

export interface BudgetSettings {
  /** Cores of a worker. */
  workerLoad: Borders
  eventLoopMs: Borders
  memoryLeftBytes: Borders
  portsTaken: Borders
  people: Borders
}

/** Whoever was refused is let in again when it is so far back from the border, as a part of it. */
const REOPEN_AT = 0.87

export type Seat = 'ordinary' | 'kept'
const SEATS = ['ordinary', 'kept'] as const

export class NodeBudget {
  readonly #settings: BudgetSettings
  readonly #refused: Record<Seat, Set<BudgetReason>> = { ordinary: new Set(), kept: new Set() }

  constructor(settings: BudgetSettings) {
    this.#settings = settings
  }

  /** Why newcomers are refused now, the first of the reasons; undefined: they are let in. */
  judge(use: NodeUse): Record<Seat, BudgetReason | undefined> {
    const over = overOf(use, this.#settings)
    const [ordinary, kept] = SEATS.map((seat, at) => {
      const refused = this.#refused[seat]
      for (const reason of BUDGET_REASONS) {
        if (over[reason](at, refused.has(reason) ? REOPEN_AT : 1)) refused.add(reason)
        else refused.delete(reason)
      }
      return BUDGET_REASONS.find(reason => refused.has(reason))
    })
    return { ordinary, kept }
  }
}

/** How many newcomers fit before the border, by workers and people: what others may send here. At least one who is let in. */
export function leftOf(
  { workerLoads, people, estimate }: NodeUse,
  settings: Pick<BudgetSettings, 'workerLoad' | 'people'>,
  seat: Seat,
): number {
  const at = SEATS.indexOf(seat)
  const border = settings.workerLoad[at] ?? 0
  const byWorkers = workerLoads.reduce(
    (sum, load) => sum + Math.max(0, Math.floor((border - load) / estimate)),
    0,
  )
  return Math.max(1, Math.min(byWorkers, (settings.people[at] ?? 0) - people))
}

/** Of each reason whether that part of the border is reached. */
function overOf(
  use: NodeUse,
  settings: BudgetSettings,
): Record<BudgetReason, (seat: number, part: number) => boolean> {
  // Whoever comes is placed on the emptiest one. Without a worker a newcomer waits for one: that is no question of the budget.
  const emptiest = use.workerLoads.length === 0 ? 0 : Math.min(...use.workerLoads)
  const reached = (value: number, borders: Borders) => (seat: number, part: number) =>
    value >= (borders[seat] ?? Number.POSITIVE_INFINITY) * part
  return {
    workers: reached(emptiest, settings.workerLoad),
    event_loop: reached(use.eventLoopMs, settings.eventLoopMs),
    memory: (seat, part) => use.memoryLeftBytes * part < (settings.memoryLeftBytes[seat] ?? 0),
    ports: reached(use.portsTaken, settings.portsTaken),
    people: reached(use.people, settings.people),
  }
}
