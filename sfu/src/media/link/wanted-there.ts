/** What the viewers of one node want of a track together, as its home is told. Pure. */
import type { Wanted } from '../track/published-track.ts'

export interface WantedThere {
  /** -1: nothing now. */
  maxSpatialLayer: number
  /** Asked for by those only who do not move the others to it. */
  isAside: boolean
  /** Somebody can take it now: it is to be sent. */
  isFlowing: boolean
}

/** One wish a MIME type: the highest layer, aside only if everybody's is, flowing as soon as one can take it. */
export function combineWanted(wanted: Iterable<Wanted>): Map<string, WantedThere> {
  const combined = new Map<string, WantedThere>()
  for (const { mimeType, maxSpatialLayer, isAside = false, isLive = true } of wanted) {
    const known = combined.get(mimeType)
    combined.set(mimeType, {
      maxSpatialLayer: Math.max(known?.maxSpatialLayer ?? -1, maxSpatialLayer),
      isAside: (known?.isAside ?? true) && isAside,
      isFlowing: known?.isFlowing === true || (isLive && maxSpatialLayer >= 0),
    })
  }
  return combined
}

/** More is wanted of any codec than before, or for more people: that is told at once, less a little later. */
export function isRaised(
  now: ReadonlyMap<string, WantedThere>,
  told: ReadonlyMap<string, WantedThere>,
): boolean {
  return [...now].some(([mimeType, { maxSpatialLayer, isAside, isFlowing }]) => {
    const before = told.get(mimeType)
    if (isFlowing && !before?.isFlowing) return true
    return maxSpatialLayer > (before?.maxSpatialLayer ?? -1) || (before?.isAside === true && !isAside)
  })
}
