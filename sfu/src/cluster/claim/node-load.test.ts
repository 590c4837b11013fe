import { expect, it } from 'vitest'
import { decodeNodeLoad, encodeNodeLoad, OnTheWay } from './node-load.ts'

it('is read as it was said, in whole people, and what has no bound is much', () => {
  const said = encodeNodeLoad({ people: 7, load: 0.12345, left: 12.9, keptLeft: Number.POSITIVE_INFINITY })
  expect(decodeNodeLoad(said)).toEqual({ people: 7, load: 0.123, left: 12, keptLeft: 1_000_000 })
  expect(decodeNodeLoad(encodeNodeLoad({ people: 0, load: 2, left: -3, keptLeft: 0 })).left).toBe(0)
})

it('of a node that says less, or what nobody can read, is that of one with room', () => {
  const room = { people: 0, load: 0, left: 1_000_000, keptLeft: 1_000_000 }
  expect(decodeNodeLoad('{"people":3}')).toEqual({ ...room, people: 3 })
  for (const text of ['', '{', 'null', '7', '{"people":"3","left":null}'])
    expect(decodeNodeLoad(text)).toEqual(room)
})

it('those on the way are counted by node, for as long as they may not be in what it says', () => {
  const way = new OnTheWay()
  way.sent('a', 0)
  way.sent('b', 1_000)
  way.sent('a', 2_000)
  expect([way.to('a', 2_000), way.to('b', 2_000), way.to('c', 2_000)]).toEqual([2, 1, 0])
  expect([way.to('a', 3_000), way.to('b', 4_500), way.to('a', 5_000)]).toEqual([1, 0, 0])
})
