/**
 * Whether a request was asked for by a page of this portal, judged by its `Origin` (RFC 6454 §7). Proxies pass on the host
 * in different ways or not at all; the public address is ours whatever they do.
 */

export interface OriginFacts {
  /** `Origin` of the request; absent for clients that are no browsers, and for plain links. */
  origin: string | undefined
  /** `Host` of the request. */
  host: string | undefined
  /** `X-Forwarded-Host`, when a trusted proxy sent the request. */
  forwardedHost: string | undefined
  /** The request came over https. */
  secure: boolean
}

/** `host` or `host:port` as a URL of this scheme has it: small letters, no default port, no dot of the root at the end. */
function hostOf(text: string, scheme: string): string | null {
  if (/[/\\?#@\s]/.test(text)) return null
  const url = URL.parse(`${scheme}//${text}`)
  if (url === null || url.hostname === '') return null
  const name = url.hostname.replace(/\.$/, '')
  return url.port === '' ? name : `${name}:${url.port}`
}

/** The host of the request as the browser that sent it writes it; null when the origin is another site's. */
export function ownHost(facts: OriginFacts, publicUrl: string): string | null {
  const { origin, host, forwardedHost, secure } = facts
  const ours = new URL(publicUrl)
  const from = URL.parse(origin ?? '')
  if (from === null || !/^https?:$/.test(from.protocol)) return null
  // A page without encryption must not ask for anything in the name of those who came with it.
  if (secure && from.protocol !== 'https:') return null
  const asked = hostOf(from.host, from.protocol)
  const known = [forwardedHost?.split(',').at(-1)?.trim(), host]
    .filter(text => text !== undefined && text !== '')
    .map(text => hostOf(text as string, from.protocol))
  if (from.protocol === ours.protocol) known.push(hostOf(ours.host, ours.protocol))
  return asked !== null && known.includes(asked) ? from.host : null
}
