/**
 * Text as people type it when searching: lower case, without accents (composed or not), đ as d, full-width letters as plain
 * ones, nothing invisible, spaces joined. "Uỷ ban Phượng Tiến" and "uy ban phuong tien" fold to the same.
 */
export function fold(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(/[\p{Mn}\p{Cf}\p{Cs}\0]/gu, '')
      .toLowerCase()
      .normalize('NFKD')
      .replace(/\p{Mn}/gu, '')
      // Letters with a stroke have no decomposition; ð is what some keyboards give for đ.
      .replace(/[đðɖ]/g, 'd')
      .replace(/\s+/g, ' ')
      .trim()
  )
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
