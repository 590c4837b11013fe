/** Place of a tile in the picture, pixels; all even, as 4:2:0 chroma wants. */
export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

export const PICTURE = { width: 1280, height: 720, fps: 25 } as const

/** Tiles of the strip beside the large picture. */
export const STRIP_TILES = 5
/** Largest gallery: 4 × 4. */
export const GRID_TILES = 16

const GAP = 8
const STRIP_WIDTH = 256

const even = (value: number): number => Math.floor(value / 2) * 2

/** The large picture of the speaker layout: all of it when it is alone, else beside the strip. */
export function largeRect(hasStrip: boolean): Rect {
  if (!hasStrip) return { x: 0, y: 0, width: PICTURE.width, height: PICTURE.height }
  const width = PICTURE.width - STRIP_WIDTH
  const height = even((width * 9) / 16)
  return { x: 0, y: even((PICTURE.height - height) / 2), width, height }
}

/** Tile `index` of the strip at the right edge, from the top. */
export function stripRect(index: number): Rect {
  const height = even((STRIP_WIDTH * 9) / 16)
  return { x: PICTURE.width - STRIP_WIDTH, y: index * height, width: STRIP_WIDTH, height }
}

/** Places of `count` equal 16:9 tiles, row by row, the last row centred. */
export function gridRects(count: number): Rect[] {
  if (count <= 1) return count === 1 ? [largeRect(false)] : []
  const columns = Math.ceil(Math.sqrt(count))
  const rows = Math.ceil(count / columns)
  const width = even(
    Math.min(
      (PICTURE.width - GAP * (columns + 1)) / columns,
      (((PICTURE.height - GAP * (rows + 1)) / rows) * 16) / 9,
    ),
  )
  const height = even((width * 9) / 16)
  const top = (PICTURE.height - rows * height - (rows - 1) * GAP) / 2
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns)
    const inRow = row === rows - 1 ? count - row * columns : columns
    const left = (PICTURE.width - inRow * width - (inRow - 1) * GAP) / 2
    return {
      x: even(left + (index - row * columns) * (width + GAP)),
      y: even(top + row * (height + GAP)),
      width,
      height,
    }
  })
}
