/**
 * Places on the speaking list. A rank stands between two others, so that moving one changes one row; only when there is no number
 * left between them are all who wait counted anew.
 */
import { type SpeakingList, type SpeakingTurn, waitingTurns } from './speaking-list.ts'

const STEP = 1024
/** Below this, two ranks are too near for one between them. */
const NARROW = 1e-6

/** Counts anew those who wait, in this order. */
function renumber(list: SpeakingList, order: readonly SpeakingTurn[]): SpeakingList {
  const ranks = new Map(order.map((turn, index) => [turn.id, (index + 1) * STEP]))
  return {
    ...list,
    turns: list.turns.map(turn => {
      const rank = ranks.get(turn.id)
      return rank === undefined || rank === turn.rank ? turn : { ...turn, rank }
    }),
  }
}

const isOrdered = (order: readonly SpeakingTurn[]): boolean =>
  order.every((turn, index) => index === 0 || order[index - 1]!.rank < turn.rank)

/** Puts `turn` before `beforeId`, or (null) last. */
export function placeBefore(list: SpeakingList, turn: SpeakingTurn, beforeId: string | null): SpeakingList {
  if (beforeId === turn.id) return list
  const others = waitingTurns(list.turns).filter(one => one.id !== turn.id)
  const found = beforeId === null ? -1 : others.findIndex(one => one.id === beforeId)
  const index = found < 0 ? others.length : found
  const low = others[index - 1]?.rank
  const high = others[index]?.rank
  const isThere = (low === undefined || low < turn.rank) && (high === undefined || turn.rank < high)
  const isKnown = list.turns.some(one => one.id === turn.id && one.rank === turn.rank)
  if (isThere && isKnown && turn.rank > 0) return list
  const rank = between(low, high)
  if (rank !== null)
    return { ...list, turns: list.turns.map(one => (one.id === turn.id ? { ...one, rank } : one)) }
  return renumber(list, [...others.slice(0, index), turn, ...others.slice(index)])
}

function between(low: number | undefined, high: number | undefined): number | null {
  if (high === undefined) return (low ?? 0) + STEP
  const floor = low ?? 0
  return high - floor < NARROW ? null : (floor + high) / 2
}

/** Somebody new (or back) comes last, or, where whoever has not spoken goes first, last of those. */
export function placeNew(list: SpeakingList, turn: SpeakingTurn): SpeakingList {
  const spoken = list.isUnspokenFirst && turn.spokenBefore === 0 ? firstSpoken(list, turn) : null
  return placeBefore(list, { ...turn, rank: 0 }, spoken)
}

const firstSpoken = (list: SpeakingList, turn: SpeakingTurn): string | null =>
  waitingTurns(list.turns).find(one => one.id !== turn.id && one.spokenBefore > 0)?.id ?? null

/** Whoever has not spoken before those who have, each group in the order it had. */
export function placeAll(list: SpeakingList): SpeakingList {
  const waiting = waitingTurns(list.turns)
  const order = [
    ...waiting.filter(turn => turn.spokenBefore === 0),
    ...waiting.filter(turn => turn.spokenBefore > 0),
  ]
  return isOrdered(order) ? list : renumber(list, order)
}

/** Keeps apart those who came to stand at one place. */
export function separate(list: SpeakingList): SpeakingList {
  const waiting = waitingTurns(list.turns)
  return isOrdered(waiting) ? list : renumber(list, waiting)
}
