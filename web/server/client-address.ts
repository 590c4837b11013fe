import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

/**
 * Address of the browser and whether it came over https. Behind a trusted proxy the last entry of X-Forwarded-For is
 * the one the proxy wrote itself; what stands before it the client may have invented.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } },
  trustProxy: boolean,
): { ip: string; secure: boolean } {
  const direct = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  if (!trustProxy) return { ip: direct, secure: false }
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return { ip: forwarded || direct, secure: request.headers['x-forwarded-proto'] === 'https' }
}

/**
 * What tries are counted by: an IPv4 address, or the first half of an IPv6 address, because one subscriber is given all
 * addresses of a /64 (RFC 6177) and could otherwise try from a new one each time.
 */
export function networkOf(ip: string): string {
  const address = ip.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!isIPv6(address)) return address
  const [left = [], right = []] = address.split('::').map(half => (half === '' ? [] : half.split(':')))
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const groups = [...left, ...zeros, ...right].slice(0, 4)
  return `${groups.map(group => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
