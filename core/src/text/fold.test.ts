import { describe, expect, it } from 'vitest'
import { fold, matches, search } from './fold.ts'

describe('fold', () => {
  it('takes away accents, đ and capitals, composed or decomposed', () => {
    expect(fold('Uỷ ban nhân dân xã Đồng Hỷ')).toBe('uy ban nhan dan xa dong hy')
    expect(fold('Phượng  Tiến'.normalize('NFD'))).toBe('phuong tien')
  })
  it('takes full-width letters, invisible characters and look-alikes of đ for what they stand for', () => {
    expect(fold('Ｈà\u200b Nội')).toBe('ha noi')
    expect(fold('ĐỊNH')).toBe(fold('ÐỊNH'))
    expect(fold('İstanbul')).toBe('istanbul')
  })
})

describe('matches', () => {
  it('finds every word in any order without accents', () => {
    expect(matches('Hội trường tầng 2 – UBND xã Phượng Tiến', 'phuong hoi')).toBe(true)
    expect(matches('Hội trường tầng 2 – UBND xã Phượng Tiến', 'phuong binh')).toBe(false)
  })
  it('finds accented queries too, and everything for an empty one', () => {
    expect(matches('xã Định Hoá', 'ĐỊNH')).toBe(true)
    expect(matches('anything', '  ')).toBe(true)
  })
})

describe('search', () => {
  it('puts what begins with the query first and keeps the given order otherwise', () => {
    const names = ['Xã Bình Yên', 'Bình Thành', 'Xã Tân Bình', 'Yên Bình']
    expect(search(names, 'binh', name => name)).toEqual([
      'Bình Thành',
      'Xã Bình Yên',
      'Xã Tân Bình',
      'Yên Bình',
    ])
  })
})
