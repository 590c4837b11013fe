/**
 * Which worker of the node somebody is placed on. A room on one worker needs no pipes: one publisher and 100 viewers cost 1.75 ms of
 * processor time a Mbit over two workers, 1.16 to 1.30 on one. Pure. Decision 0033.
 */

export interface WorkerChoice {
  readonly index: number
  /** WorkerLoad.at, cores. */
  readonly load: number
  /** WorkerLoad.isFull */
  readonly isFull: boolean
  /** Connections placed on it, of all rooms. */
  readonly peers: number
  /** Of them, those of the room, and those of the room that may publish. */
  readonly ofRoom: number
  readonly publishersOfRoom: number
}

/**
 * Why somebody was placed where: `room`, with others of the room; `new_room`, the room's first; `next`, the workers that have the room are full;
 * `least`, all are full, and it is the least loaded; `spread`, as the setting wants it.
 */
export const PLACEMENT_REASONS = ['room', 'new_room', 'next', 'least', 'spread'] as const
export type PlacementReason = (typeof PLACEMENT_REASONS)[number]

export interface ChooseSettings {
  /** Cores a worker is filled to. */
  budget: number
  isSpread: boolean
}

export interface Newcomer {
  mayPublish: boolean
  /** What it will need, cores. */
  estimate: number
}

/** Viewers leave so much of the budget to publishers, who are near each other that way, as long as there is another worker for them. */
const VIEWERS_FILL = 0.9

/** Undefined when there is no worker. Of equals the one with the lowest index. */
export function chooseWorker<T extends WorkerChoice>(
  workers: readonly T[],
  { mayPublish, estimate }: Newcomer,
  { budget, isSpread }: ChooseSettings,
): { worker: T; why: PlacementReason } | undefined {
  if (isSpread) return named('spread', best(workers, [w => -w.peers]))
  const below = (part: number) =>
    workers.filter(({ load, isFull }) => !isFull && load + estimate <= budget * part)
  const open = below(1)
  const withRoom = workers.filter(({ ofRoom }) => ofRoom > 0)
  if (withRoom.length === 0) {
    // Nothing goes between rooms, and each grows: those that begin together on one worker would all have to be split.
    const first = best(open, [w => -w.load])
    return first ? named('new_room', first) : named('least', best(workers, [w => -w.load]))
  }
  const hasRoom = ({ ofRoom }: T) => ofRoom > 0
  const near = mayPublish
    ? best(open.filter(hasRoom), [w => w.publishersOfRoom, w => w.load])
    : best(below(VIEWERS_FILL).filter(hasRoom), [w => w.load, w => w.ofRoom])
  if (near) return named('room', near)
  // The emptiest of the others: what begins here goes on here.
  const next = best(
    open.filter(w => !hasRoom(w)),
    [w => -w.load],
  )
  if (next) return named('next', next)
  const last = best(open, [w => w.load])
  return last ? named('room', last) : named('least', best(workers, [w => -w.load]))
}

const named = <T>(why: PlacementReason, worker: T | undefined) => worker && { worker, why }

/** The one with the highest first figure, of equals the second, and so on. */
function best<T extends WorkerChoice>(
  workers: readonly T[],
  figures: readonly ((worker: T) => number)[],
): T | undefined {
  const order = (a: T, b: T) => {
    for (const figure of figures) {
      const difference = figure(b) - figure(a)
      if (difference !== 0) return difference
    }
    return a.index - b.index
  }
  return [...workers].sort(order)[0]
}
