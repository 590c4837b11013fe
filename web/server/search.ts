/**
 * Searching in the database, in one place: accents, capitals and composition do not matter, every word of the query must
 * stand somewhere, `%` and `_` are letters. The folded columns are kept by triggers (SQL function `fold_text`); the query
 * is folded by the same function, so that the two cannot disagree.
 */
import type { Tx } from '@diemcau/prisma/client.ts'

/** Words a query may have; what comes after is not looked at. */
const MAX_WORDS = 12
const MAX_QUERY = 200

/** Prisma's `contains` is LIKE and leaves its wildcards alone; the backslash is PostgreSQL's default escape. */
const likeLiteral = (word: string): string => word.replaceAll(/[\\%_]/g, found => `\\${found}`)

/** Condition on a folded column. */
export interface HasWord {
  contains: string
}

/**
 * One condition a word of `query`, to be joined by AND; `conditionsOf` says where a word may stand (joined by OR).
 * An empty list, which filters nothing, for a query without words.
 */
export async function searchFilter<Where>(
  tx: Tx,
  query: string | undefined,
  conditionsOf: (word: HasWord) => Where[] | Promise<Where[]>,
): Promise<{ OR: Where[] }[]> {
  // PostgreSQL keeps no U+0000, and a lone surrogate is no text.
  const asked = (query ?? '').replaceAll('\0', ' ').toWellFormed().slice(0, MAX_QUERY)
  if (asked.trim() === '') return []
  const [row] = await tx.$queryRaw<{ folded: string }[]>`SELECT fold_text(${asked}) AS "folded"`
  const words = (row?.folded ?? '').split(' ').filter(Boolean).slice(0, MAX_WORDS)
  return await Promise.all(
    words.map(async word => ({ OR: await conditionsOf({ contains: likeLiteral(word) }) })),
  )
}
