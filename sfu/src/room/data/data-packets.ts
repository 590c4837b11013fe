/** Data packets on their way through the room: who really sent them, and who is to get them. Pure. */
import { DataPacket, DataPacket_Kind } from '@livekit/protocol'
import type { DataKind } from '../base/ports.ts'

export interface Destinations {
  identities: Set<string>
  sids: Set<string>
}

export interface Routed {
  packet: DataPacket
  /** Undefined: everybody. */
  destinations: Destinations | undefined
}

/** A packet as it goes out: encoded once, whoever gets it. */
export interface Outgoing {
  payload: Uint8Array
  /** DataPacket.participant_sid; '' for the API's and for those of hidden participants. */
  senderSid: string
  /** DataPacket.sequence; 0 for packets without a number. */
  sequence: number
  destinations: Destinations | undefined
  /** Goes only to those with canSubscribeMetrics. */
  isMetrics: boolean
}

export interface PacketSender {
  id: string
  identity: string
  isHidden: boolean
  /** Agents transcribe others, and speak and write in their name. */
  isAgent: boolean
}

/**
 * Reads a client's packet and writes the true sender into it, also inside `user`, whatever the client claimed; a
 * hidden sender stays unnamed. An agent may name somebody else as the author of a chat message or a text stream, which
 * is then marked as generated, and only agents may transcribe (as in LiveKit). Undefined for what is no packet or none
 * that this client may send. What is encrypted stays as it is. Never throws.
 */
export function readClientPacket(
  payload: Uint8Array,
  kind: DataKind,
  sender: PacketSender,
): Routed | undefined {
  let packet: DataPacket
  try {
    packet = DataPacket.fromBinary(payload)
  } catch {
    // Not protobuf: the caller counts and drops it.
    return undefined
  }
  const { value } = packet
  // Speaker updates come from the server only (an old way of sending them).
  if (value.case === undefined || value.case === 'speaker') return undefined
  if (value.case === 'transcription' && !sender.isAgent) return undefined
  packet.kind = kind === 'lossy' ? DataPacket_Kind.LOSSY : DataPacket_Kind.RELIABLE
  // Numbers belong to the reliable channel; on the other one they would only spoil the receivers' count.
  if (kind === 'lossy') packet.sequence = 0
  packet.participantSid = sender.isHidden ? '' : sender.id
  if (!isWrittenForAnother(packet, sender))
    packet.participantIdentity = sender.isHidden ? '' : sender.identity
  if (value.case === 'user') {
    value.value.participantSid = packet.participantSid
    value.value.participantIdentity = packet.participantIdentity
  }
  return { packet, destinations: destinationsOf(packet) }
}

function isWrittenForAnother({ value, participantIdentity }: DataPacket, sender: PacketSender): boolean {
  if (!sender.isAgent || participantIdentity === '' || participantIdentity === sender.identity) return false
  if (value.case === 'chatMessage') value.value.generated = true
  else if (value.case === 'streamHeader' && value.value.contentHeader.case === 'textHeader')
    value.value.contentHeader.value.generated = true
  else return false
  return true
}

/** Destinations stand on the packet, and in `user` from older clients. */
export function destinationsOf(packet: DataPacket): Destinations | undefined {
  const user = packet.value.case === 'user' ? packet.value.value : undefined
  const identities = new Set([...packet.destinationIdentities, ...(user?.destinationIdentities ?? [])])
  const sids = new Set(user?.destinationSids ?? [])
  return identities.size + sids.size > 0 ? { identities, sids } : undefined
}

export const encodeOutgoing = ({ packet, destinations }: Routed): Outgoing => ({
  payload: packet.toBinary(),
  senderSid: packet.participantSid,
  sequence: packet.sequence,
  destinations,
  isMetrics: packet.value.case === 'metrics',
})

export const isReceiver = (
  destinations: Destinations | undefined,
  receiver: { id: string; identity: string },
): boolean =>
  !destinations || destinations.identities.has(receiver.identity) || destinations.sids.has(receiver.id)
