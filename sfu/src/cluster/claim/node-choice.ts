/**
 * Which of the nodes that could serve a newcomer does. The client's network first: a node that it does not reach is of no use. Then one that has the
 * room, as every watched track goes once to each other node of it; then the least loaded. Never one past its budget. Pure. Decision 0033.
 */
import { IpNetwork } from '@diemcau/core/net/networks.ts'
import type { Incarnation } from '../record/record-types.ts'

export interface NodeCandidate {
  /** Undefined: the one the client has come to. */
  readonly node: Incarnation | undefined
  /** How well it is reached from the client's network: 2, it has an address for it; 1, one for everybody; 0, neither. */
  readonly fit: 0 | 1 | 2
  readonly hasRoom: boolean
  /** Of the room, as far as is known here. */
  readonly publishers: number
  /** Newcomers of this kind of seat that it can still take, those on their way taken off. */
  readonly left: number
  /** What it uses of all its budget, 0 to 1 and more. */
  readonly load: number
}

/** `network`: by the client's network; `room`: it has the room; `load`: the least loaded; `entry`: the one the client has come to, as the setting says. */
export type NodeReason = 'network' | 'room' | 'load' | 'entry'

/** Only a node with so much less to do is worth the way through this one. */
const WORTH_THE_WAY = 0.1

/** Undefined when none has room. `isGathered`: false, the one the client has come to takes whoever it has room for. */
export function chooseNode(
  candidates: readonly NodeCandidate[],
  { mayPublish, isGathered }: { mayPublish: boolean; isGathered: boolean },
): { node: Incarnation | undefined; why: NodeReason } | undefined {
  const open = candidates.filter(({ left }) => left > 0)
  const here = open.find(({ node }) => node === undefined)
  if (here && !isGathered) return { node: undefined, why: 'entry' }
  const fit = Math.max(...open.map(candidate => candidate.fit))
  const fitting = open.filter(candidate => candidate.fit === fit)
  const withRoom = fitting.filter(({ hasRoom }) => hasRoom)
  const [chosen] = (withRoom.length > 0 ? withRoom : fitting).sort(
    (a, b) =>
      (mayPublish ? b.publishers - a.publishers : 0) ||
      // Who watches is served where they are, if that has the room; else the way there must be worth it.
      Number(a.hasRoom && a.node !== undefined) - Number(b.hasRoom && b.node !== undefined) ||
      wayOf(a) - wayOf(b),
  )
  if (!chosen) return undefined
  const isByNetwork = open.some(candidate => candidate.fit < fit)
  return { node: chosen.node, why: isByNetwork ? 'network' : chosen.hasRoom ? 'room' : 'load' }
}

const wayOf = ({ node, load }: NodeCandidate): number => load + (node === undefined ? 0 : WORTH_THE_WAY)

/** Networks of clients that a node has an address for, in CIDR notation, and whether it has one for all others. */
export interface ClientNetworks {
  networks: readonly string[]
  servesAll: boolean
}

/** `NodeCandidate.fit` of a node for a client of that address; '' when that is unknown. */
export function fitOf({ networks, servesAll }: ClientNetworks, client: string): NodeCandidate['fit'] {
  if (networks.some(text => IpNetwork.parse(text)?.has(client))) return 2
  return servesAll ? 1 : 0
}
