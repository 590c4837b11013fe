import { describe, expect, it } from 'vitest'
import { disarmed, toCsv } from './csv.ts'

describe('CSV', () => {
  it('has a byte order mark, doubled quotes, and numbers as they are', () => {
    expect(
      toCsv([
        ['a', 1],
        ['=HYPERLINK("http://x")', -2],
      ]),
    ).toBe(`\ufeff"a",1\r\n"'=HYPERLINK(""http://x"")",-2\r\n`)
  })
  it.each(['=1+1', '+84', '-2', '@SUM(A1)', '＝1', '＋1', '－1', '＠x'])('disarms %j', text => {
    expect(disarmed(text)).toBe(`'${text}`)
  })
  it.each([
    '\t=1',
    '  =1',
    '\r=1',
    '\u00a0=1',
    '\u3000＝1',
    '\u200b=1',
    '\ufeff=1',
    'An; =1',
    'An,-1',
    'An\n@x',
    '"=1',
  ])('disarms %j, where the sign hides', text => {
    expect(disarmed(text).replace("'", '')).toBe(text)
    expect(disarmed(text)).not.toMatch(/(^|[,;|\t\r\n"])[\s\p{Cf}]*[=+\-@＝＋－＠]/u)
  })
  it('leaves ordinary text alone', () => {
    for (const text of ['Nguyễn Văn A', 'a=b', '', '1-2', 'Hội trường A – UBND xã', 'a@b.vn', "O'Neil"])
      expect(disarmed(text)).toBe(text)
  })
})
