/**
 * Two letters for a person. Vietnamese names end with the given name, which is how people are called, so "Nguyễn Thị
 * Hồng Ánh" gives "HÁ": the last two words.
 */
export function initials(name: string): string {
  const words = name
    .replace(/\(.*?\)/g, ' ')
    .split(/[\s–-]+/)
    .filter(word => /^\p{L}/u.test(word))
  const chosen = words.length > 1 ? words.slice(-2) : words
  return chosen.map(word => [...word][0]?.toLocaleUpperCase('vi') ?? '').join('')
}

/** A stable number 0..(count-1) for a name, to give each person the same colour everywhere. */
export function hueOf(name: string, count: number): number {
  let sum = 7
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % count
}
