/** Addresses of this machine and of what listens on it. */
import { networkInterfaces } from 'node:os'

/** How this machine reaches what listens on `bind`. */
export function reach(bind: string, port: number): string {
  const host = bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** At which others of the network reach it. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(address => address.family === 'IPv4' && !address.internal)
    .map(address => address.address)
}
