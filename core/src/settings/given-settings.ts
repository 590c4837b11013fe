/** The variables that are set. An empty one counts as absent in every process, as in a copied `.env.example`; a list without entries is `,`. */
export function givenSettings(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  )
  return Object.fromEntries(given)
}
