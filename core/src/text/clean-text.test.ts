import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockText, cleanBlock, cleanLine, lineText } from './clean-text.ts'
import { isPlain, isStorable, isStorableJson, plainId } from './storable.ts'

/** Texts that shows of other products broke on: anything a stranger may type, weighted towards what is dangerous. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.constantFrom(
        ...[
          '\0',
          '\ud800',
          '\udfff',
          '\u202e',
          '\u2066',
          '\u200b',
          '\u200c',
          '\u200d',
          '\ufeff',
          '\ufe0f',
          '\u0301',
        ],
        ...[
          '\u{e0067}',
          '\u3164',
          '\u115f',
          '\u2800',
          '\u2028',
          '\r\n',
          '\u0085',
          '\x1b[31m',
          '👩',
          '🏽',
          'क्',
          'a',
        ],
      ),
    ),
    { maxLength: 40 },
  )
  .map(parts => parts.join(''))

describe('what people type', () => {
  it.each([
    ['  Nguyễn   Văn\tAn ', 'Nguyễn Văn An'],
    ['Phượng Tiến'.normalize('NFD'), 'Phượng Tiến'],
    ['Hội\0 trường\x07', 'Hội trường'],
    ['a\ud800b\udc00', 'ab'],
    ['\u202eevil\u202c \u2066x\u2069\u200e\u200f\u061c', 'evil x'],
    ['An\r\nBcc: x@y\u2028z\u0085w\vv', 'An Bcc: x@y z w v'],
    ['\u200bA\u200b\ufeff\u2060n\u00ad', 'An'],
    ['x\u{e0067}\u{e0062}\u{e007f}', 'x'],
    ['\u3164\u115f\u1160\uffa0\u2800\u180e', ''],
    ['\ufff0\ufffe\ufdd0\u{1fffe}x', 'x'],
    ['a\u00a0\u3000b', 'a b'],
    ['\u0301\u0302', ''],
    [' \u0301An', 'An'],
    [`A${'\u0316'.repeat(200)}n`, `A${'\u0316'.repeat(4)}n`],
    [`${'\u200d'.repeat(50)}`, ''],
    ['A\u200dn', 'An'],
    ['A\ufe0e\ufe0fn\u{e0100}', 'An'],
    ['\x1b[31mđỏ\x1b[0m', '[31mđỏ[0m'],
  ])('%j becomes %j', (typed, clean) => {
    expect(cleanLine(typed)).toBe(clean)
    expect(cleanBlock(typed).replace(/\s+/g, ' ').trim()).toBe(clean)
  })

  it.each([
    '👩🏽‍🌾',
    '👨‍👩‍👧‍👦',
    '❤️‍🔥',
    '🏳️‍🌈',
    '1️⃣',
    '🇻🇳',
    '☎️',
    'नमस्ते क्‍ष',
    'می‌خواهم',
    'ශ්‍රී ලංකාව',
    'สวัสดี ที่',
    '한국어',
    '漢字葛󠄀',
    'שָׁלוֹם',
    'H’Mông Bìnhː #5 – 50%_',
  ])('%s stays as it is', text => {
    expect(cleanLine(text)).toBe(text.normalize('NFC'))
  })

  it('keeps lines in a block, at most one empty one in a row, and their indentation', () => {
    expect(cleanBlock('\n\n1. Mở đầu  \r\n  - a\u2028\n\n\n\n2. Kết\n\n')).toBe('1. Mở đầu\n  - a\n\n2. Kết')
    expect(cleanBlock('  Xin chào \n  bà con ')).toBe('Xin chào\n  bà con')
  })

  it('is never dangerous, never invisible and the same when cleaned again', () => {
    fc.assert(
      fc.property(nasty, text => {
        for (const rule of [cleanLine, cleanBlock]) {
          const clean = rule(text)
          expect(isStorable(clean)).toBe(true)
          expect(clean).not.toMatch(
            /[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff\u{e0000}-\u{e007f}]/u,
          )
          expect(clean).not.toMatch(/[\p{Mn}\p{Me}]{6,}/u)
          expect(clean).toBe(clean.normalize('NFC'))
          expect(clean === '' || /[\p{L}\p{N}\p{P}\p{S}]/u.test(clean)).toBe(true)
          expect(rule(clean)).toBe(clean)
        }
        expect(isPlain(cleanLine(text))).toBe(true)
        expect(cleanBlock(text)).not.toMatch(/(?!\n)\p{Cc}/u)
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not take long over a long text', () => {
    const started = performance.now()
    cleanBlock('a\u0301\u200d'.repeat(30_000))
    cleanLine(' '.repeat(100_000))
    cleanBlock(`${' '.repeat(50_000)}x`.repeat(2))
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('schemas of typed text', () => {
  it('clean first and measure then', () => {
    const name = lineText({ min: 2, max: 5 })
    expect(name.parse('  A\u200bn  ')).toBe('An')
    expect(name.safeParse('\u3164\u3164\u3164').error?.issues[0]).toMatchObject({
      code: 'too_small',
      minimum: 2,
    })
    expect(name.safeParse('Phượng').error?.issues[0]).toMatchObject({ code: 'too_big' })
    expect(name.safeParse('\u200b'.repeat(21)).error?.issues[0]).toMatchObject({ code: 'too_big' })
    expect(name.safeParse(7).error?.issues[0]).toMatchObject({ code: 'invalid_type' })
    expect(blockText({ max: 10 }).parse('a\r\nb')).toBe('a\nb')
  })
})

describe('what is taken as it is', () => {
  it('is refused when the database could not hold it', () => {
    expect(isStorable('Đặng 👩🏽‍🌾\n')).toBe(true)
    for (const text of ['a\0', '\ud83d', 'x\udc00y']) expect(isStorable(text)).toBe(false)
    expect(isStorableJson({ a: [1, null, { b: 'x' }] })).toBe(true)
    expect(isStorableJson({ a: [{ b: 'x\0' }] })).toBe(false)
    expect(isStorableJson({ 'k\0': 1 })).toBe(false)
    expect(isStorableJson({ bytes: new Uint8Array(3), big: 7n })).toBe(true)
    expect(isStorableJson(JSON.parse(`${'['.repeat(100_000)}"x"${']'.repeat(100_000)}`))).toBe(true)
  })
  it('has no control characters in an id', () => {
    expect(plainId().parse('guest:Nguyễn#2')).toBe('guest:Nguyễn#2')
    for (const id of ['', 'a\0', 'a\n', '\x7f', '\ud800', 'x'.repeat(65)])
      expect(plainId().safeParse(id).success).toBe(false)
  })
})
