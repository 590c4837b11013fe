/**
 * Text as people type it when searching: lower case, without Vietnamese accents, đ as d, spaces joined.
 * "Uỷ ban Phượng Tiến" and "uy ban phuong tien" fold to the same.
 */
export function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim()
}

/** True when every word of `query` stands somewhere in `text`, in any order, accents ignored. */
export function matches(text: string, query: string): boolean {
  const words = fold(query).split(' ').filter(Boolean)
  if (words.length === 0) return true
  const folded = fold(text)
  return words.every(word => folded.includes(word))
}

/** The items whose text matches, those that begin with the query first, otherwise in the given order. */
export function search<T>(items: readonly T[], query: string, textOf: (item: T) => string): T[] {
  const folded = fold(query)
  const found = items.filter(item => matches(textOf(item), query))
  if (!folded) return found
  const begins = (item: T) => (fold(textOf(item)).startsWith(folded) ? 0 : 1)
  return found
    .map((item, index) => ({ item, index, rank: begins(item) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(entry => entry.item)
}
