/** An origin nobody can have (RFC 6761 §6.4): what a path is resolved against to see whether it leads away from it. */
const HERE = 'https://portal.invalid'
const MAX_LENGTH = 2_000
/** C0 and C1 controls: the URL parser drops some of them, so that `/<tab>/host` would become `//host`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/**
 * The path, query and fragment that `next` names on this very site, or null when it names anything else. Judged by what
 * the URL parser of a browser makes of it, not by its looks: what it was resolved to is resolved once more, because a
 * path as `/.//host/x` becomes `//host/x`, which names another host to whoever reads it next.
 */
export function ownPath(next: unknown): string | null {
  if (typeof next !== 'string' || next.length > MAX_LENGTH) return null
  if (!next.startsWith('/') || CONTROL.test(next)) return null
  const first = resolve(next)
  const second = first === null ? null : resolve(first)
  return second !== null && second === first ? second : null
}

function resolve(path: string): string | null {
  const url = URL.parse(path, HERE)
  if (url === null || url.origin !== HERE || url.username !== '' || url.password !== '') return null
  return url.pathname + url.search + url.hash
}
