import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/**
 * Every address of this machine that others may reach, without the loopback and without link-local ones, which are of no use without
 * the name of the client's own interface (RFC 4007 §11).
 */
export function reachableAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
}

/** Every address of this machine in the families media is bound to, the loopback last. */
export function ownAddresses(mediaBind: string[]): string[] {
  const families = new Set(mediaBind.map(isIPv6))
  const loopback = [...families].map(isSix => (isSix ? '::1' : '127.0.0.1'))
  return [...new Set([...reachableAddresses().filter(address => families.has(isIPv6(address))), ...loopback])]
}
