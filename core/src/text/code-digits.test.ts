import { describe, expect, it } from 'vitest'
import { codeDigits } from './code-digits.ts'

describe('the digits of a code', () => {
  it.each([
    ['751 219', 'as the portal shows and copies it'],
    ['751219', 'as it is'],
    [' 751-219\n', 'with a line break of the mail'],
    ['751\u00a0219', 'with a no-break space'],
    ['７５１ ２１９', 'full-width'],
    ['٧٥١٢١٩', 'Arabic-Indic'],
    ['۷۵۱۲۱۹', 'Persian'],
    ['७५१२१९', 'Devanagari'],
    ['𝟕𝟓𝟏𝟐𝟏𝟗', 'mathematical bold'],
    ['⑦⑤①②①⑨', 'circled'],
    ['\u200e751\u200b219\ufeff', 'with marks nobody sees'],
    ['Mã: 751.219', 'with the words beside it'],
  ])('of %j (%s)', text => {
    expect(codeDigits(text)).toBe('751219')
  })

  it('of no digits are none', () => {
    expect(codeDigits('abc – Ⅻ')).toBe('')
    expect(codeDigits('')).toBe('')
  })

  it('count in every script, also where two runs of digits touch', () => {
    for (const zero of [
      0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0xe50, 0x17e0, 0x1040, 0xff10, 0x116d0, 0x116da, 0x1e950,
    ])
      for (let value = 0; value < 10; value += 1)
        expect(codeDigits(String.fromCodePoint(zero + value))).toBe(String(value))
  })
})
