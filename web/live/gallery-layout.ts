/**
 * The gallery's composition. Grids come in a few fixed sizes, so that a tile keeps its place and size while people
 * come and go: a newcomer takes an empty seat, a leaver leaves one.
 */

/** A grid of `columns` × `rows` seats. */
export interface Grid {
  columns: number
  rows: number
}

/** Every composition there is, smallest first; of those with as many seats the one with the larger tiles is used. */
const GRIDS: readonly (readonly Grid[])[] = [
  [{ columns: 1, rows: 1 }],
  both(2, 1),
  both(3, 1),
  [{ columns: 2, rows: 2 }],
  both(3, 2),
  both(4, 2),
  [{ columns: 3, rows: 3 }],
  both(4, 3),
  [{ columns: 4, rows: 4 }],
  both(5, 4),
  [{ columns: 5, rows: 5 }],
]
/** A tile narrower than this (CSS pixels) shows neither a face nor a name well. */
const MIN_TILE_WIDTH = 170
const GAP = 8

function both(columns: number, rows: number): Grid[] {
  return [
    { columns, rows },
    { columns: rows, rows: columns },
  ]
}

export const isPortrait = (width: number, height: number): boolean => height > width * 1.05

/** The grids that fit a stage of this size (CSS pixels), smallest first; at least one. */
export function gridsFor(width: number, height: number): readonly Grid[] {
  const areaOf = (grid: Grid): number => {
    const tile = tileSize(grid, width, height, GAP)
    return tile.width * tile.height
  }
  const best = GRIDS.map(same => same.reduce((a, b) => (areaOf(b) > areaOf(a) ? b : a)))
  // A grid whose tiles are smaller than those of a grid with more seats is of no use here.
  const useful = best.filter(
    (grid, index) => !best.slice(index + 1).some(larger => areaOf(grid) < 0.97 * areaOf(larger)),
  )
  const fitting = useful.filter(grid => tileSize(grid, width, height, GAP).width >= MIN_TILE_WIDTH)
  return fitting.length > 0 ? fitting : best.slice(0, 1)
}

/** The smallest grid with a seat for everyone, or the largest one when there must be pages. */
export function chooseGrid(count: number, grids: readonly Grid[]): Grid {
  return grids.find(grid => grid.columns * grid.rows >= count) ?? grids[grids.length - 1]!
}

/** On a stage held upright a tile may be this much taller than wide: the screen is used, and a hall loses its edges only. */
const TALLEST = 4 / 3

/** Width and height (CSS pixels) of a tile so that the whole grid fits into the stage: 16:9, taller on an upright stage. */
export function tileSize(
  grid: Grid,
  width: number,
  height: number,
  gap: number,
): { width: number; height: number } {
  const maxWidth = (width - gap * (grid.columns - 1)) / grid.columns
  const maxHeight = (height - gap * (grid.rows - 1)) / grid.rows
  const tallest = isPortrait(width, height) ? maxWidth * TALLEST : (maxWidth * 9) / 16
  const tileHeight = Math.min(maxHeight, tallest)
  const tileWidth = Math.min(maxWidth, (tileHeight * 16) / 9)
  return { width: Math.max(0, Math.floor(tileWidth)), height: Math.max(0, Math.floor(tileHeight)) }
}

/** Seats in order; `null` is an empty one. Only the last page of a gallery has trailing empty seats. */
export type Seats = readonly (string | null)[]

/**
 * Who sits where after people came and went, moving nobody: leavers free their seat, newcomers (already in protocol
 * order) take free seats from the front, further ones are added at the end.
 */
export function seat(former: Seats, present: readonly string[]): Seats {
  const here = new Set(present)
  const seats: (string | null)[] = former.map(identity => (identity && here.has(identity) ? identity : null))
  const seated = new Set(seats)
  let free = 0
  for (const identity of present) {
    if (seated.has(identity)) continue
    while (free < seats.length && seats[free] !== null) free += 1
    seats[free] = identity
  }
  while (seats.length > 0 && seats[seats.length - 1] === null) seats.pop()
  const isSame =
    seats.length === former.length && seats.every((identity, index) => identity === former[index])
  return isSame ? former : seats
}

/** Whether the seats already stand as `ordered` says, without a gap. */
export const isOrdered = (seats: Seats, ordered: readonly string[]): boolean =>
  seats.length === ordered.length && ordered.every((identity, index) => seats[index] === identity)

/** One page of the seats; `page` is brought into range. Every page has `perPage` seats, empty ones as `null`. */
export function pageOf(
  seats: Seats,
  page: number,
  perPage: number,
): { page: number; pages: number; seats: Seats } {
  const pages = Math.max(1, Math.ceil(seats.length / perPage))
  const current = Math.min(Math.max(0, page), pages - 1)
  const shown = Array.from({ length: perPage }, (_, index) => seats[current * perPage + index] ?? null)
  return { page: current, pages, seats: shown }
}
