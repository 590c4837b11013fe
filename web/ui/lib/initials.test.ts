import { expect, it } from 'vitest'
import { hueOf, initials } from './initials.ts'

it('takes the last two words of a Vietnamese name', () => {
  expect(initials('Nguyễn Thị Hồng Ánh')).toBe('HÁ')
  expect(initials('đức')).toBe('Đ')
  expect(initials('Hội trường tầng 2 – xã Phượng Tiến')).toBe('PT')
  expect(initials('')).toBe('')
})

it('gives a name the same colour every time', () => {
  expect(hueOf('Lê Văn An', 6)).toBe(hueOf('Lê Văn An', 6))
  expect(hueOf('Lê Văn An', 6)).toBeLessThan(6)
})
