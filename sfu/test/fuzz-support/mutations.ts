import fc from 'fast-check'

/** Numbers at which code that reads lengths, ids and sizes tends to break. */
export const NASTY_NUMBERS = [
  '0',
  '-1',
  '1',
  '127',
  '128',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '1e9',
  'NaN',
  '0x10',
  '99999999999999999999999999',
  '',
]
const NASTY_TEXTS = [
  '',
  ' ',
  '\0',
  '__proto__',
  'constructor',
  'ế'.repeat(50),
  '%s%n',
  'a'.repeat(5_000),
  '{}',
]

type Edit =
  | { kind: 'delete'; at: number; count: number }
  | { kind: 'repeat'; at: number; times: number }
  | { kind: 'swap'; at: number; to: number }
  | { kind: 'number'; at: number; which: number; value: string }
  | { kind: 'text'; at: number; value: string }
  | { kind: 'cut'; at: number; length: number }

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), times: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('swap' as const), at: fc.nat(), to: fc.nat() }),
  fc.record({
    kind: fc.constant('number' as const),
    at: fc.nat(),
    which: fc.nat({ max: 5 }),
    value: fc.constantFrom(...NASTY_NUMBERS),
  }),
  fc.record({ kind: fc.constant('text' as const), at: fc.nat(), value: fc.constantFrom(...NASTY_TEXTS) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat({ max: 40 }) }),
)

/** One of the texts with up to eight of its lines deleted, repeated, moved, cut or with other numbers in them. */
export function mutatedLines(texts: string[], separator: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 8 }))
    .map(([text, edits]) => {
      let lines = text.split(separator)
      for (const change of edits) lines = applied(lines, change)
      return lines.join(separator)
    })
}

function applied(lines: string[], change: Edit): string[] {
  if (lines.length === 0) return lines
  const at = change.at % lines.length
  const line = lines[at] ?? ''
  const copy = [...lines]
  switch (change.kind) {
    case 'delete':
      copy.splice(at, change.count)
      break
    case 'repeat':
      copy.splice(at, 0, ...Array.from({ length: change.times }, () => line))
      break
    case 'swap':
      copy.splice(change.to % lines.length, 0, ...copy.splice(at, 1))
      break
    case 'number': {
      let seen = 0
      copy[at] = line.replace(/\d+/g, found => (seen++ === change.which ? change.value : found))
      break
    }
    case 'text': {
      const sign = line.search(/[:=]/)
      copy[at] = `${line.slice(0, sign + 1)}${change.value}`
      break
    }
    case 'cut':
      copy[at] = line.slice(0, change.length)
      break
  }
  return copy
}

/** One of the byte strings with bytes changed, inserted, removed, or its end cut off. */
export function mutatedBytes(samples: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(
    fc.constantFrom('set', 'insert', 'remove', 'cut', 'double'),
    fc.nat(),
    fc.integer({ min: 0, max: 255 }),
  )
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([sample, changes]) => {
      let bytes = [...sample]
      for (const [what, position, value] of changes) {
        const at = bytes.length === 0 ? 0 : position % bytes.length
        if (what === 'set') bytes[at] = value
        else if (what === 'insert') bytes.splice(at, 0, value)
        else if (what === 'remove') bytes.splice(at, 1 + (value % 8))
        else if (what === 'cut') bytes = bytes.slice(0, at)
        else if (bytes.length < 4_096) bytes = [...bytes, ...bytes]
      }
      return Uint8Array.from(bytes)
    })
}
