/**
 * The digits of a code that somebody typed, pasted or had read out: compatibility forms folded (NFKC), decimal digits of every
 * script as ASCII, everything else left out. `751 219`, `７５１－２１９` and `٧٥١٢١٩` are all `751219`.
 */
export function codeDigits(text: string): string {
  let digits = ''
  for (const character of text.normalize('NFKC')) {
    const value = digitValue(character)
    if (value !== null) digits += value
  }
  return digits
}

/** A hall's own code is two digits longer than a meeting's passcode: one is never taken for the other. */
export const HALL_CODE_LENGTH = 8

const decimal = /^\p{Nd}$/u

/**
 * Decimal digits stand in runs of ten, in order (the Unicode Standard, §4.6); runs may stand next to one another. How many stand
 * right before one, modulo ten, is its value.
 */
function digitValue(character: string): number | null {
  if (!decimal.test(character)) return null
  const point = character.codePointAt(0)!
  let before = 0
  while (decimal.test(String.fromCodePoint(point - before - 1))) before += 1
  return before % 10
}
