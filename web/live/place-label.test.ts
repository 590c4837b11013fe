import { describe, expect, it } from 'vitest'
import { placeLabel } from './place-label.ts'

describe('the label of a hall on a small tile', () => {
  it.each([
    ['Hội trường Tân Cương', 'UBND xã Tân Cương', 'Xã Tân Cương'],
    ['Hội trường tầng 2', 'Uỷ ban nhân dân xã Phượng Tiến', 'Xã Phượng Tiến – Hội trường tầng 2'],
    ['Hội trường tầng 2', 'Ủy ban nhân dân phường Phổ Yên', 'Phường Phổ Yên – Hội trường tầng 2'],
    ['Hội trường tỉnh', 'Uỷ ban nhân dân tỉnh', 'Tỉnh'],
    ['Phòng họp số 1', 'Sở Nội vụ', 'Sở Nội vụ – Phòng họp số 1'],
    ['Hội trường xã Đại Phúc', 'UBND XÃ Đại Phúc', 'XÃ Đại Phúc'],
  ])('says the place first: %s of %s', (hall, unit, label) => {
    expect(placeLabel(hall, unit)).toBe(label)
  })

  it('finds the place also in decomposed letters', () => {
    expect(placeLabel('Hội trường Tân Cương'.normalize('NFD'), 'UBND xã Tân Cương'.normalize('NFD'))).toBe(
      'Xã Tân Cương',
    )
  })

  it('is what is known when one of the two is not', () => {
    expect(placeLabel('Hội trường A', '')).toBe('Hội trường A')
    expect(placeLabel('', 'UBND xã Tân Cương')).toBe('Xã Tân Cương')
  })
})
