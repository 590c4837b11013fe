import { expect, it } from 'vitest'
import { lengthOf, minus, union } from './spans.ts'

const stretches = (...list: [number, number][]) => list.map(([from, to]) => ({ from, to }))

it('joins what overlaps or touches, in any order, and leaves out what is empty', () => {
  expect(union(stretches([5, 9], [1, 3], [3, 4], [6, 7], [8, 12], [20, 20], [30, 25]))).toEqual(
    stretches([1, 4], [5, 12]),
  )
  expect(lengthOf(stretches([1, 3], [2, 4], [10, 11]))).toBe(4)
})

it.each([
  [[[0, 10]], [], [[0, 10]]],
  [[[0, 10]], [[0, 10]], []],
  [[[0, 10]], [[-5, 20]], []],
  [
    [[0, 10]],
    [[2, 3]],
    [
      [0, 2],
      [3, 10],
    ],
  ],
  [
    [[0, 10]],
    [
      [0, 3],
      [7, 10],
    ],
    [[3, 7]],
  ],
  [
    [[0, 10]],
    [
      [7, 12],
      [-1, 3],
    ],
    [[3, 7]],
  ],
  [
    [
      [0, 10],
      [20, 30],
    ],
    [[5, 25]],
    [
      [0, 5],
      [25, 30],
    ],
  ],
  [
    [
      [0, 10],
      [20, 30],
    ],
    [[12, 18]],
    [
      [0, 10],
      [20, 30],
    ],
  ],
  [
    [
      [0, 10],
      [5, 20],
    ],
    [[1, 2]],
    [
      [0, 1],
      [2, 20],
    ],
  ],
  [[], [[1, 2]], []],
] as [[number, number][], [number, number][], [number, number][]][])(
  'of %j without %j is left %j',
  (whole, taken, left) => {
    expect(minus(stretches(...whole), stretches(...taken))).toEqual(stretches(...left))
  },
)
