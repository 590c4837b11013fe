import { isIPv6 } from 'node:net'
import type { IceCandidate } from 'mediasoup/types'
import type { AnnouncedAddress } from '../../config.ts'

/** What a peer's candidates depend on. Its owner changes it when the client comes back from another network. */
export interface ClientNetwork {
  /** The client's address as the signalling edge saw it; '' when unknown. */
  address: string
  /** Only candidates of this protocol are told; absent: all. */
  protocol?: 'udp' | 'tcp'
}

/** Which of the node's addresses a client is told: those of the network it came from. */
export class AnnouncedAddresses {
  readonly #rules: AnnouncedAddress[]

  /** In order of preference. */
  constructor(rules: AnnouncedAddress[]) {
    this.#rules = rules
  }

  /**
   * Addresses of the most specific network that holds the client; when no network does, the addresses given without one;
   * and when there are none of those, all: an address that may not work is better than none.
   */
  for(client: string): string[] {
    const fitting = this.#rules.filter(rule => rule.network?.has(client))
    const longest = Math.max(...fitting.map(rule => rule.network?.prefix ?? 0))
    const closest = fitting.filter(rule => rule.network?.prefix === longest)
    const general = this.#rules.filter(rule => rule.network === undefined)
    const chosen = [closest, general, this.#rules].find(rules => rules.length > 0) ?? []
    return [...new Set(chosen.map(rule => rule.address))]
  }
}

/**
 * A socket bound to every address of the machine has one candidate, which names that socket's own address. Here it
 * becomes one for each announced address of the socket's family, each a little less preferred than the one before;
 * UDP stays before TCP over both families (RFC 8445 §5.1.2.1: the local preference is the second and third byte).
 * With a socket for each address, an address is told with its own socket; all have the same port.
 */
export function announcedCandidates(sockets: IceCandidate[], addresses: string[]): IceCandidate[] {
  return addresses.flatMap((address, position) =>
    (['udp', 'tcp'] as const).flatMap(protocol => {
      const candidates = sockets.filter(socket => socket.protocol === protocol)
      const socket =
        candidates.find(candidate => candidate.address === address) ??
        candidates.find(candidate => isIPv6(candidate.address) === isIPv6(address))
      if (!socket) return []
      const best = Math.max(...candidates.map(candidate => candidate.priority))
      return {
        ...socket,
        address,
        ip: address,
        foundation: position === 0 ? socket.foundation : `${socket.foundation}a${position}`,
        priority: Math.max(1, best - position * 256),
      }
    }),
  )
}
