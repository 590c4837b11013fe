import { describe, expect, it } from 'vitest'
import { hueOf, initials } from './initials.ts'

describe('initials', () => {
  it.each([
    ['Nguyễn Văn An', 'NA'],
    ['Nguyễn Thị Hồng Ánh', 'NÁ'],
    ['đức', 'Đ'],
    ['Ông Lò Văn Inh', 'LI'],
    ['Bà Lan', 'L'],
    ['TS. Đặng Thuỳ Trâm', 'ĐT'],
    ['Đồng chí Vũ Đình Ân (Bí thư)', 'VÂ'],
    ['Lò Văn Inh – UBND xã Tân Cương', 'LI'],
    ['Bà Lường Thị Hạnh – xã Phượng Tiến', 'LH'],
    ['Anna-Maria Schmidt', 'AS'],
    ['Nguyễn Văn An', 'NA'],
    ['', ''],
  ])('of the person %s are %s', (name, expected) => expect(initials(name)).toBe(expected))

  it.each([
    ['Hội trường xã Tân Cương', 'TC'],
    ['Hội trường tầng 2 – xã Phượng Tiến', 'PT'],
    ['Uỷ ban nhân dân xã Phượng Tiến – Hội trường tầng 2', 'PT'],
    ['UBND phường Phan Đình Phùng', 'PĐ'],
    ['Điểm cầu số 3', 'ĐC'],
    ['Hội trường 1 – UBND tỉnh', 'HT'],
    ['Phòng họp Hoa Sen', 'HS'],
  ])('of the place %s are %s', (name, expected) => expect(initials(name)).toBe(expected))
})

it('gives a name the same colour every time', () => {
  expect(hueOf('Lê Văn An', 6)).toBe(hueOf('Lê Văn An', 6))
  expect(hueOf('Lê Văn An', 6)).toBeLessThan(6)
})
