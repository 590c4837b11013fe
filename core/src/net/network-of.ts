import { isIP, isIPv4 } from 'node:net'
import { plainAddress } from './networks.ts'

/**
 * What limits by address count by: an IPv4 address (also one inside IPv6), or the /64 of an IPv6 address, as one customer has
 * at least that many addresses (RFC 6177) and would otherwise have no limit at all. What is no address is returned as it is.
 */
export function networkOf(text: string): string {
  const address = plainAddress(text)
  if (isIP(address) !== 6) return address
  const groups = groupsOf(address)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  // Mapped addresses written in hexadecimal are IPv4 all the same (RFC 4291 §2.5.5.2).
  if (a + b + c + d + e === 0 && f === 0xffff) return `${g >> 8}.${g & 255}.${h >> 8}.${h & 255}`
  return `${[a, b, c, d].map(group => group.toString(16)).join(':')}::/64`
}

/** The eight 16-bit groups of a valid IPv6 address without a zone. */
function groupsOf(address: string): number[] {
  const [left = [], right = []] = address
    .split('::')
    .map(half => (half === '' ? [] : half.split(':').flatMap(wordsOf)))
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0)
  return [...left, ...zeros, ...right]
}

/** A group, or the dotted end of an address as two of them. */
function wordsOf(part: string): number[] {
  if (!isIPv4(part)) return [Number.parseInt(part, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}
