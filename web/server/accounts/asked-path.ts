import { ownPath } from '@diemcau/core/net/own-path.ts'

/** Set by main.ts for the pages, which do not know their own address: path and query as they were asked for. */
export const PATH_HEADER = 'x-asked-path'

/**
 * Where to come back to after signing in: the address that was asked for with its filters, or `fallback` where it is not
 * known. Next's own parameter of a fetched page is no part of it.
 */
export function askedPath(header: string | null, fallback?: string): string | null {
  const path = ownPath(header) ?? ownPath(fallback)
  if (path === null) return null
  const url = new URL(path, 'http://portal.invalid')
  url.searchParams.delete('_rsc')
  return url.pathname + url.search
}
