/** Moving among the things on a page by arrow keys: which of them is next in a direction. Pure; rectangles in CSS pixels. */

export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** Things that touch or overlap by less than this still count as lying one behind the other. */
const SLACK = 2
/** Something straight ahead is taken before something nearer that lies aside. */
const ASIDE_WEIGHT = 3

/**
 * The index of the box that a person would expect next from `from`: what begins beyond its edge in that direction,
 * nearest first, with what lies aside counted as farther away. Undefined when there is nothing there.
 */
export function nextFocus(boxes: readonly Box[], from: Box, direction: Direction): number | undefined {
  let best: { index: number; cost: number } | undefined
  for (const [index, box] of boxes.entries()) {
    const ahead = distanceAhead(from, box, direction)
    if (ahead === undefined) continue
    const cost = ahead + ASIDE_WEIGHT * distanceAside(from, box, direction)
    if (!best || cost < best.cost) best = { index, cost }
  }
  return best?.index
}

function distanceAhead(from: Box, box: Box, direction: Direction): number | undefined {
  const gap = {
    left: from.left - box.right,
    right: box.left - from.right,
    up: from.top - box.bottom,
    down: box.top - from.bottom,
  }[direction]
  return gap >= -SLACK ? Math.max(0, gap) : undefined
}

/** How far the two miss each other across the direction; 0 when one is straight ahead of the other. */
function distanceAside(from: Box, box: Box, direction: Direction): number {
  const [fromStart, fromEnd, start, end] =
    direction === 'left' || direction === 'right'
      ? [from.top, from.bottom, box.top, box.bottom]
      : [from.left, from.right, box.left, box.right]
  return Math.max(0, start - fromEnd, fromStart - end)
}
