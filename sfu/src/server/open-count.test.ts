import { expect, it } from 'vitest'
import { OpenCount } from './open-count.ts'

it('refuses the one too many of a key until another is given back, once', () => {
  const open = new OpenCount(2)
  const first = open.tryOpen('a')
  expect(open.tryOpen('a')).toBeDefined()
  expect(open.tryOpen('a')).toBeUndefined()
  expect(open.tryOpen('b')).toBeDefined()
  first?.()
  first?.()
  expect(open.tryOpen('a')).toBeDefined()
  expect(open.tryOpen('a')).toBeUndefined()
})
