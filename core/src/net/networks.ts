import { BlockList, isIP } from 'node:net'

/** IP networks in CIDR notation (RFC 4632, RFC 4291 §2.3), matched by Node's own `net.BlockList`. Pure; no DNS. */

/** An IPv4 address inside IPv6, as dual-stack sockets report it (RFC 4291 §2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i

/** The plain form: without the IPv4 mapping and without a zone (`fe80::1%eth0`). */
export const plainAddress = (address: string): string => address.replace(MAPPED_IPV4, '').replace(/%.*$/, '')

const familyOf = (version: number) => (version === 4 ? 'ipv4' : 'ipv6')

export class IpNetwork {
  readonly text: string
  /** Bits that are fixed; more means more specific. */
  readonly prefix: number
  readonly #version: number
  readonly #members = new BlockList()

  private constructor(text: string, address: string, prefix: number) {
    this.text = text
    this.prefix = prefix
    this.#version = isIP(address)
    this.#members.addSubnet(address, prefix, familyOf(this.#version))
  }

  /** Reads `10.0.0.0/8`, `2001:db8::/32`, or a single address. Undefined when it is none of these. */
  static parse(text: string): IpNetwork | undefined {
    const [, address = '', length] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
    const version = isIP(address)
    if (version === 0) return undefined
    const bits = version === 4 ? 32 : 128
    const prefix = length === undefined ? bits : Number(length)
    return prefix <= bits ? new IpNetwork(text, address, prefix) : undefined
  }

  /** False for what is no IP address; IPv4 and IPv6 never match one another. */
  has(address: string): boolean {
    const plain = plainAddress(address)
    // BlockList itself would find every IPv4 address in ::/0, as a mapped one.
    return isIP(plain) === this.#version && this.#members.check(plain, familyOf(this.#version))
  }
}

/** Whose `X-Forwarded-…` headers are believed: nobody's (empty), these proxies', or that of whoever connects. */
export type TrustedProxies = 'any' | readonly IpNetwork[]

/**
 * Reads a setting that lists proxies: `0` or `false` nobody, `1` or `true` whoever connects, else addresses and networks
 * separated by commas. `wrong` holds the entries that are neither.
 */
export function parseTrustedProxies(text: string): { proxies: TrustedProxies; wrong: string[] } {
  const word = text.trim()
  if (word === '' || word === '0' || word === 'false') return { proxies: [], wrong: [] }
  if (word === '1' || word === 'true') return { proxies: 'any', wrong: [] }
  const items = word
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  const proxies = items.map(item => IpNetwork.parse(item))
  return {
    proxies: proxies.filter(network => network !== undefined),
    wrong: items.filter((_, index) => proxies[index] === undefined),
  }
}
