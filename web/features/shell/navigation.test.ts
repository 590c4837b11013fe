import { expect, it } from 'vitest'
import { isCurrent } from './current.ts'
import { navigationFor } from './navigation.ts'

const [home, meetings] = navigationFor('official').everyday

it('marks a list as current on the pages below it, and the home page only on itself', () => {
  expect(isCurrent(meetings!, '/meetings/MT_1/edit')).toBe(true)
  expect(isCurrent(meetings!, '/meetings-archive')).toBe(false)
  expect(isCurrent(home!, '/')).toBe(true)
  expect(isCurrent(home!, '/meetings')).toBe(false)
})

it('shows administration to administrators only, and the outbox to those who invite', () => {
  expect(navigationFor('clerk').administration).toEqual([])
  expect(navigationFor('clerk').everyday.map(item => item.href)).toContain('/outbox')
  expect(navigationFor('official').everyday.map(item => item.href)).not.toContain('/outbox')
  expect(navigationFor('admin').administration.map(item => item.href)).toEqual([
    '/halls',
    '/users',
    '/outbox',
    '/nodes',
  ])
})
