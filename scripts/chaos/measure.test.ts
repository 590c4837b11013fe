import { expect, it } from 'vitest'
import { GapMeter, OrderCheck, percentile } from './measure.ts'

it('keeps the longest silence, the one that lasts included', () => {
  const meter = new GapMeter()
  meter.start(1_000)
  for (const now of [1_050, 1_100, 1_400, 1_450]) meter.note(now)
  expect(meter.longest(1_460)).toBe(300)
  expect(meter.longest(2_000)).toBe(550)
  expect(meter.silence(2_000)).toBe(550)
  meter.start(2_000)
  expect(meter.longest(2_010)).toBe(10)
})

it('misses only what the sender was told is taken', () => {
  const order = new OrderCheck()
  order.note('PA_1', 1, 0, true)
  // 2 was refused by the sender's own SDK.
  order.note('PA_1', 3, 1, false)
  expect([order.missing, order.repeated]).toEqual([0, 0])
  // 4 was taken, and never came.
  order.note('PA_1', 5, 4, false)
  expect([order.missing, order.repeated]).toEqual([1, 0])
})

it('forgives a gap to whose connection was made anew, and never a repeat', () => {
  const order = new OrderCheck()
  order.note('PA_1', 1, 0, true)
  order.note('PA_1', 9, 8, true)
  order.note('PA_2', 20, 19, false)
  expect([order.missing, order.repeated]).toEqual([0, 0])
  order.note('PA_1', 8, 7, true)
  order.note('PA_1', 9, 8, true)
  expect([order.missing, order.repeated]).toEqual([0, 2])
})

it('takes percentiles by the nearest rank', () => {
  const values = Array.from({ length: 20 }, (_, index) => 20 - index)
  expect([percentile(values, 50), percentile(values, 95), percentile(values, 100)]).toEqual([10, 19, 20])
  expect(percentile([7], 95)).toBe(7)
  expect(percentile([], 95)).toBeUndefined()
})
