/**
 * What a request asks for, judged before anything reads it: a path that cannot be decoded, or U+0000 in path or query, is no
 * address of ours and would reach the database as a fault. Everything else is judged by who reads it.
 */
export function isReadableTarget(target: string | undefined): boolean {
  if (target === undefined || !target.startsWith('/')) return false
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  try {
    if (decodeURIComponent(path).includes('\0')) return false
  } catch {
    // Not UTF-8, or a lone percent sign.
    return false
  }
  return !new URLSearchParams(query).toString().includes('%00')
}
