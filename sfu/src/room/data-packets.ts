/** Data packets on their way through the room: who really sent them, and who is to get them. */
import { DataPacket, DataPacket_Kind } from '@livekit/protocol'
import type { DataKind } from './ports.ts'

export interface Routed {
  packet: DataPacket
  /** Undefined: everybody. */
  destinations: { identities: Set<string>; sids: Set<string> } | undefined
}

/**
 * Reads a client's packet and writes the true sender into it, also inside `user`, whatever the client claimed; a
 * hidden sender stays unnamed. Undefined for what is no packet or none that clients may send.
 */
export function readClientPacket(
  payload: Uint8Array,
  kind: DataKind,
  sender: { id: string; identity: string; isHidden: boolean },
): Routed | undefined {
  let packet: DataPacket
  try {
    packet = DataPacket.fromBinary(payload)
  } catch {
    // Not protobuf: the caller counts and drops it.
    return undefined
  }
  // Speaker updates come from the server only (an old way of sending them).
  if (packet.value.case === undefined || packet.value.case === 'speaker') return undefined
  packet.kind = kind === 'lossy' ? DataPacket_Kind.LOSSY : DataPacket_Kind.RELIABLE
  packet.participantSid = sender.isHidden ? '' : sender.id
  packet.participantIdentity = sender.isHidden ? '' : sender.identity
  if (packet.value.case === 'user') {
    packet.value.value.participantSid = packet.participantSid
    packet.value.value.participantIdentity = packet.participantIdentity
  }
  return { packet, destinations: destinationsOf(packet) }
}

/** Destinations stand on the packet, and in `user` from older clients. */
export function destinationsOf(packet: DataPacket): Routed['destinations'] {
  const user = packet.value.case === 'user' ? packet.value.value : undefined
  const identities = new Set([...packet.destinationIdentities, ...(user?.destinationIdentities ?? [])])
  const sids = new Set(user?.destinationSids ?? [])
  return identities.size + sids.size > 0 ? { identities, sids } : undefined
}

export const isReceiver = (
  destinations: Routed['destinations'],
  receiver: { id: string; identity: string },
): boolean =>
  !destinations || destinations.identities.has(receiver.identity) || destinations.sids.has(receiver.id)
