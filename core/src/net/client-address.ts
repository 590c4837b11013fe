import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { plainAddress, type TrustedProxies } from './networks.ts'

/** Who is at the other end of a request that may have passed proxies. One rule for every process, because every limit hangs on it. */

type Request = Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } }

/** More entries than any chain of proxies has; what stands further in front is not looked at. */
const MOST_HOPS = 32

/**
 * The client's address: of the socket, or `X-Forwarded-For`'s word (without one, that of `Forwarded`, RFC 7239) when a trusted
 * proxy sent it. The header is read from its end, because each proxy appends whom it heard; entries of trusted proxies are
 * passed over, and the first other one is the client. What stands before that, the client may have invented. With 'any' the
 * last entry counts. An entry that is no address (`unknown`, `_hidden`) ends the search at the proxy that wrote it.
 * Resolves to 'unknown' when the socket itself has no address any more.
 */
export function clientAddress(request: Request, trusted: TrustedProxies): string {
  const direct = plainAddress(request.socket.remoteAddress ?? '')
  if (!isFromProxy(request, trusted)) return direct || 'unknown'
  const isProxy = (address: string) => trusted !== 'any' && trusted.some(network => network.has(address))
  let nearest = direct
  for (const hop of hopsOf(request).reverse().slice(0, MOST_HOPS)) {
    const address = addressOfHop(hop)
    if (address === undefined) break
    nearest = address
    if (!isProxy(address)) break
  }
  return nearest || 'unknown'
}

/** Whether a trusted proxy sent this, so that its `X-Forwarded-…` headers count. */
export function isFromProxy(request: Request, trusted: TrustedProxies): boolean {
  const direct = plainAddress(request.socket.remoteAddress ?? '')
  return trusted === 'any' || trusted.some(network => network.has(direct))
}

/** Whether the client came over https (or wss), as far as a trusted proxy says so: the last entry is the nearest proxy's own. */
export function isSecure(request: Request, trusted: TrustedProxies): boolean {
  if (!isFromProxy(request, trusted)) return false
  const word = listOf(request.headers['x-forwarded-proto']).at(-1) ?? ''
  return /^(https|wss)$/i.test(word)
}

const listOf = (header: string | string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')

function hopsOf(request: Request): string[] {
  const hops = listOf(request.headers['x-forwarded-for'])
  if (hops.length > 0) return hops
  return listOf(request.headers.forwarded).map(
    element => /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s]*)/i.exec(element)?.[1] ?? '',
  )
}

/**
 * An address as proxies write it: bare, quoted, with a port (`192.0.2.1:5678`, `[2001:db8::1]:443`), with a zone, or IPv4 inside
 * IPv6. Undefined for anything else.
 */
function addressOfHop(hop: string): string | undefined {
  const bare = hop.replace(/^"(.*)"$/, '$1').trim()
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(bare) ?? []
  const [, dotted] = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(bare) ?? []
  const address = plainAddress(bracketed ?? dotted ?? bare)
  return isIP(address) === 0 ? undefined : address
}
