import { expect, it } from 'vitest'
import { idlePercent, processorTimes } from './measure-machine.ts'

it('takes what processors did from /proc/stat, guests only once', () => {
  const before = processorTimes('cpu  100 0 50 800 50 0 0 0 30 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n')
  const after = processorTimes('cpu  150 0 60 820 60 5 5 0 60 0\n')
  expect(before).toEqual({ idle: 850, all: 1_000 })
  // 30 of 100.
  expect(idlePercent(before, after)).toBe(30)
  expect(idlePercent(before, before)).toBe(100)
})
