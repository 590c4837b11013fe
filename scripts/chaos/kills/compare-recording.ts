/** What a recording has of the meeting: how much, and whether what is missing lies where something was killed. Pure. */
import { lengthOf, minus, type Stretch } from './spans.ts'

/** Sound of one person, as found in the files; ms since the epoch. */
export interface Part extends Stretch {
  identity: string
}

export interface Kill {
  kind: string
  at: number
}

/** Shorter ones are packets that came late. */
const GAP_MS = 1_000
/** A gap that a kill made begins so long before it at most (what was not written yet) and after it. */
const BEFORE_MS = 2_000
const AFTER_MS = 5_000
/** Longer is more than coming back takes. */
const MOST_GAP_MS = 20_000
/** Of the others' deaths a recording sees nothing. */
const CAPTURING = new Set(['node', 'worker', 'recordings'])

export interface Coverage {
  /** Of the time, 0 to 1: somebody's sound is there. */
  share: number
  /** The same for each person while in the room, the smallest. */
  leastOfOne: number
  gaps: number
  worstGapMs: number
  faults: string[]
}

/**
 * @param whole from the beginning of the recording to now, or its end
 * @param stays by identity: when they were in the room and heard
 */
export function coverageOf(
  whole: Stretch,
  parts: readonly Part[],
  stays: ReadonlyMap<string, readonly Stretch[]>,
  kills: readonly Kill[],
): Coverage {
  const gaps = minus([whole], parts).filter(gap => lengthOf([gap]) > GAP_MS)
  const faults: string[] = []
  for (const { from, to } of gaps) {
    const cause = kills.find(
      ({ kind, at }) => CAPTURING.has(kind) && at >= from - AFTER_MS && at <= from + BEFORE_MS,
    )
    const what = `recording: nothing for ${((to - from) / 1000).toFixed(1)} s from ${new Date(from).toISOString()} on`
    if (cause === undefined) faults.push(`${what}, and nothing was killed that records`)
    else if (to - from > MOST_GAP_MS) faults.push(`${what}, after ${cause.kind} was killed`)
  }
  const shares = [...stays].map(([identity, own]) => {
    const there = clip(own, whole)
    const lost = minus(
      there,
      parts.filter(part => part.identity === identity),
    )
    return lengthOf(there) === 0 ? 1 : 1 - lengthOf(lost) / lengthOf(there)
  })
  const total = lengthOf([whole])
  return {
    share: total === 0 ? 0 : 1 - lengthOf(minus([whole], parts)) / total,
    leastOfOne: Math.min(1, ...shares),
    gaps: gaps.length,
    worstGapMs: Math.max(0, ...gaps.map(gap => lengthOf([gap]))),
    faults,
  }
}

const clip = (stretches: readonly Stretch[], { from, to }: Stretch): Stretch[] =>
  stretches.map(one => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) }))
