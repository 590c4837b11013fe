import { expect, it, vi } from 'vitest'
import { closedWith } from './closed-with.ts'

it.each([
  [true, 1],
  [false, 0],
])('what was made for an owner that has closed meanwhile (%s) is closed %i times', (closed, times) => {
  const made = { close: vi.fn() }
  expect(closedWith({ closed }, made)).toBe(made)
  expect(made.close).toHaveBeenCalledTimes(times)
})
