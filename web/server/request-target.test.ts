import { expect, it } from 'vitest'
import { isReadableTarget } from './request-target.ts'

it.each([
  '/',
  '/m/abc-defg-hjk',
  '/meetings?q=100%',
  '/h%E1%BB%8Dp?q=%E1%BB%8D',
  '/x?q=a%0Ab',
  '/x?q=%ED%A0%80',
  '/x?',
])('%s is read', target => expect(isReadableTarget(target)).toBe(true))
it.each([
  '/m/%00',
  '/m/a%00b',
  '/meetings?q=%00',
  '/meetings?%00=1',
  '/m/%',
  '/m/%ED%A0%80',
  '/m/%C0%80',
  'http://x/',
  '*',
  undefined,
])('%s is refused', target => expect(isReadableTarget(target)).toBe(false))
