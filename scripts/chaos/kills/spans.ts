/** Stretches of time, ms. Pure. */

export interface Stretch {
  from: number
  to: number
}

/** Sorted, without overlaps; empty ones are left out. */
export function union(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = []
  for (const { from, to } of stretches.filter(one => one.to > one.from).toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else merged.push({ from, to })
  }
  return merged
}

/** What of `whole` is in none of `taken`. */
export function minus(whole: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
  const holes: Stretch[] = []
  const cover = union(taken)
  for (const { from, to } of union(whole)) {
    let at = from
    for (const one of cover) {
      if (one.to <= at) continue
      if (one.from >= to) break
      if (one.from > at) holes.push({ from: at, to: one.from })
      at = Math.max(at, one.to)
    }
    if (at < to) holes.push({ from: at, to })
  }
  return holes
}

export const lengthOf = (stretches: readonly Stretch[]): number =>
  union(stretches).reduce((sum, { from, to }) => sum + to - from, 0)
