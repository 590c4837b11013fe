import { expect, it } from 'vitest'
import { canReopen, REOPEN_WITHIN_MS } from './reopen.ts'

it('offers to take back an end for ten minutes, and nothing else', () => {
  const endedAt = '2026-11-30T01:00:00.000Z'
  const end = Date.parse(endedAt)
  expect(canReopen({ status: 'ended', endedAt }, end + REOPEN_WITHIN_MS)).toBe(true)
  expect(canReopen({ status: 'ended', endedAt }, end + REOPEN_WITHIN_MS + 1)).toBe(false)
  expect(canReopen({ status: 'live', endedAt: null }, end)).toBe(false)
  expect(canReopen({ status: 'cancelled', endedAt }, end)).toBe(false)
})
