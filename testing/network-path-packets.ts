/** What a network path must understand of what passes: candidates in descriptions, and what a packet is. Pure. */
import type { PacketKind } from './network-path-link.ts'

/** Payload type → kind, as the descriptions that passed said. */
export type PayloadKinds = Map<number, 'audio' | 'video'>

/** RFC 7983 §7, and RFC 5761 §4 for RTCP among RTP. */
export function kindOfPacket(packet: Uint8Array, payloadKinds: PayloadKinds): PacketKind {
  const first = packet[0] ?? 255
  if (first < 4) return 'stun'
  if (first >= 20 && first < 64) return 'dtls'
  if (first < 128 || first >= 192 || packet.length < 12) return 'other'
  const second = packet[1]!
  if (second >= 192 && second <= 223) return 'rtcp'
  return payloadKinds.get(second & 0x7f) ?? 'other'
}

/** Payload types of the sections of a description. */
export function readPayloadKinds(sdp: string): PayloadKinds {
  const kinds: PayloadKinds = new Map()
  for (const match of sdp.matchAll(/^m=(audio|video) \d+ \S+ (.*)$/gm))
    for (const type of match[2]!.trim().split(' ')) kinds.set(Number(type), match[1] as 'audio' | 'video')
  return kinds
}

export interface Endpoint {
  address: string
  port: number
}

const CANDIDATE =
  /^(?<head>(?:a=)?candidate:\S+ \d+ )(?<protocol>\S+) (?<priority>\d+) (?<address>\S+) (?<port>\d+)(?<rest> .*)$/i

/**
 * One candidate (with or without `a=`) with the endpoint that `relayed` gives instead of its own; null when it is a TCP
 * candidate and those are dropped. Lines that are no candidate come back as they are.
 */
export async function rewriteCandidate(
  line: string,
  relayed: (endpoint: Endpoint) => Promise<Endpoint>,
  keepTcp: boolean,
): Promise<string | null> {
  const found = CANDIDATE.exec(line)?.groups
  if (found === undefined) return line
  if (found.protocol!.toLowerCase() === 'tcp') return keepTcp ? line : null
  const { address, port } = await relayed({ address: found.address!, port: Number(found.port) })
  return `${found.head}${found.protocol} ${found.priority} ${address} ${port}${found.rest}`
}

/** All candidates of a description, as `rewriteCandidate`. */
export async function rewriteDescription(
  sdp: string,
  relayed: (endpoint: Endpoint) => Promise<Endpoint>,
  keepTcp: boolean,
): Promise<string> {
  const lines: string[] = []
  for (const line of sdp.split('\r\n')) {
    const rewritten = await rewriteCandidate(line, relayed, keepTcp)
    if (rewritten !== null) lines.push(rewritten)
  }
  return lines.join('\r\n')
}
