import { describe, expect, it } from 'vitest'
import { chooseGrid, gridsFor, isOrdered, pageOf, seat, tileSize } from './gallery-layout.ts'

const ids = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`)

describe('grids', () => {
  const desktop = gridsFor(1400, 780)

  it('gives 1, 2, 4, 9, 16 and 25 people a grid without an empty seat', () => {
    for (const count of [1, 2, 4, 9, 16, 25]) {
      const grid = chooseGrid(count, desktop)
      expect(grid.columns * grid.rows).toBe(count)
    }
  })

  it('keeps the grid while there is a seat left', () => {
    expect(chooseGrid(7, desktop)).toEqual(chooseGrid(9, desktop))
    expect(chooseGrid(10, desktop)).toEqual(chooseGrid(12, desktop))
  })

  it('uses the largest grid and pages when there are more people than seats', () => {
    expect(chooseGrid(178, desktop)).toEqual({ columns: 5, rows: 5 })
  })

  it('offers fewer columns on narrow stages and upright grids on phones', () => {
    expect(gridsFor(800, 500).every(grid => grid.columns <= 4)).toBe(true)
    const phone = gridsFor(374, 560)
    expect(phone.every(grid => grid.columns <= 2)).toBe(true)
    expect(chooseGrid(2, phone)).toEqual({ columns: 1, rows: 2 })
  })

  it('fills a phone held upright with one to six people', () => {
    const [width, height] = [374, 640]
    for (const count of [1, 2, 3, 4, 6]) {
      const grid = chooseGrid(count, gridsFor(width, height))
      const tile = tileSize(grid, width, height, 8)
      expect((tile.width * tile.height * grid.columns * grid.rows) / (width * height)).toBeGreaterThan(0.7)
    }
  })

  it('stacks two people where that makes them larger, as beside an open panel', () => {
    expect(chooseGrid(2, gridsFor(1020, 750))).toEqual({ columns: 1, rows: 2 })
    expect(chooseGrid(2, gridsFor(1900, 700))).toEqual({ columns: 2, rows: 1 })
  })

  it('never makes the grid larger than the stage', () => {
    for (const [width, height] of [
      [1400, 780],
      [374, 560],
      [1900, 900],
      [640, 300],
    ] as const) {
      for (const grid of gridsFor(width, height)) {
        const tile = tileSize(grid, width, height, 8)
        expect(tile.width * grid.columns + 8 * (grid.columns - 1)).toBeLessThanOrEqual(width)
        expect(tile.height * grid.rows + 8 * (grid.rows - 1)).toBeLessThanOrEqual(height)
        expect(tile.width).toBeGreaterThan(0)
      }
    }
  })
})

describe('seats', () => {
  it('moves nobody when somebody joins, even one who stands first by protocol', () => {
    const before = seat([], ['b', 'c', 'd'])
    expect(seat(before, ['a', 'b', 'c', 'd'])).toEqual(['b', 'c', 'd', 'a'])
  })

  it('leaves the seat of a leaver empty and gives it to the next newcomer', () => {
    const gone = seat(['a', 'b', 'c'], ['a', 'c'])
    expect(gone).toEqual(['a', null, 'c'])
    expect(seat(gone, ['a', 'c', 'x', 'y'])).toEqual(['a', 'x', 'c', 'y'])
  })

  it('drops empty seats at the end', () => {
    expect(seat(['a', 'b', 'c'], ['a'])).toEqual(['a'])
  })

  it('gives back the same list when nothing changed', () => {
    const seats = ['a', null, 'c']
    expect(seat(seats, ['a', 'c'])).toBe(seats)
  })

  it('knows whether everyone sits in order', () => {
    expect(isOrdered(['a', 'b'], ['a', 'b'])).toBe(true)
    expect(isOrdered(['b', 'a'], ['a', 'b'])).toBe(false)
    expect(isOrdered(['a', null, 'b'], ['a', 'b'])).toBe(false)
  })
})

describe('pages', () => {
  it('shows every person on exactly one page', () => {
    const seats = ids(60)
    const seen = [0, 1, 2].flatMap(page =>
      pageOf(seats, page, 25).seats.filter(identity => identity !== null),
    )
    expect(seen).toEqual(seats)
    expect(pageOf(seats, 0, 25).pages).toBe(3)
  })

  it('brings a page that no longer exists into range', () => {
    expect(pageOf(ids(10), 7, 9).page).toBe(1)
    expect(pageOf([], 3, 9)).toMatchObject({ page: 0, pages: 1 })
  })
})
