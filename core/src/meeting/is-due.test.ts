import { expect, it } from 'vitest'
import { isDue } from './is-due.ts'

const startsAt = '2026-11-23T07:00:00.000Z'
const at = (time: string) => Date.parse(`2026-11-23T${time}:00.000Z`)

it('is due from half an hour before the start, and as long as it runs', () => {
  expect(isDue({ status: 'scheduled', startsAt }, at('06:29'))).toBe(false)
  expect(isDue({ status: 'scheduled', startsAt }, at('06:30'))).toBe(true)
  expect(isDue({ status: 'live', startsAt }, at('05:00'))).toBe(true)
})
it('is never due once it is over or called off', () => {
  expect(isDue({ status: 'ended', startsAt }, at('07:10'))).toBe(false)
  expect(isDue({ status: 'cancelled', startsAt }, at('07:10'))).toBe(false)
})
