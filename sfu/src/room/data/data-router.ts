/** Data packets through a room: from a client within its grants, or from the API, encoded once for all; and once more for those who missed them. */
import { DataPacket, DataPacket_Kind } from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { DataKind } from '../base/ports.ts'
import { RecentNonces } from '../base/recent-nonces.ts'
import type { Participant } from '../member/participant.ts'
import type { RoomView } from '../member/room-view.ts'
import { DataHistory } from './data-history.ts'
import {
  destinationsOf,
  encodeOutgoing,
  isReceiver,
  type Outgoing,
  type Routed,
  readClientPacket,
} from './data-packets.ts'
import type { DataWord } from './data-word.ts'

/**
 * `sdk` of clients that take no packet twice: livekit-client. Measured: rtc-node 1.1.0 and so the Rust core takes all. The empty one
 * is a client that does not say what it is and that speaks the protocol by the book.
 */
const DROPS_REPEATS: ReadonlySet<string> = new Set(['js', 'reactnative', ''])

/** Tells the other nodes of a room of a packet. */
export type DataShare = (word: DataWord) => void

export class DataRouter {
  readonly #room: RoomView
  readonly #log: Log
  readonly #history: DataHistory
  readonly #share: DataShare | undefined
  readonly #now: () => number
  readonly #nonces = new RecentNonces()

  /** `share`: to the nodes that hold other members of the room; undefined: there are none. */
  constructor(room: RoomView, limits: RoomLimits, log: Log, now: () => number, share: DataShare | undefined) {
    this.#room = room
    this.#log = log
    this.#share = share
    this.#now = now
    this.#history = new DataHistory(limits, now)
  }

  /** What may not be sent is dropped: data channels have no way to answer. */
  fromClient(sender: Participant, kind: DataKind, payload: Uint8Array): void {
    const isAllowed = sender.permission.canPublishData
    const routed = isAllowed ? readClientPacket(payload, kind, sender.facts) : undefined
    if (!routed) {
      const reason = isAllowed ? 'malformed' : 'not_allowed'
      this.#log.debug({ participantId: sender.id, reason }, 'data packet dropped')
      return
    }
    const { sequence } = routed.packet
    if (sequence > 0) {
      // After a resume clients send again what they are not sure of.
      if (sequence <= sender.lastReliableSequence) return
      sender.lastReliableSequence = sequence
    }
    this.#deliver(routed, sender)
  }

  /** Once: a repeat by its nonce is dropped, at whatever nodes the API took the two. */
  fromApi(packet: DataPacket): void {
    if (!this.#isRepeat(packet)) this.#deliver({ packet, destinations: destinationsOf(packet) }, undefined)
  }

  /** A member on another node sent it, or its API did. */
  fromNode(word: DataWord): void {
    if (word.from === undefined && this.#isRepeat(packetIn(word))) return
    this.#tell(word, undefined)
  }

  #isRepeat(packet: DataPacket | undefined): boolean {
    return packet?.value.case === 'user' && this.#nonces.isRepeat(packet.value.value.nonce, this.#now())
  }

  #deliver(routed: Routed, sender: Participant | undefined): void {
    const kind = routed.packet.kind === DataPacket_Kind.LOSSY ? 'lossy' : 'reliable'
    const from = sender && { participantId: sender.id, version: sender.facts.version }
    const word: DataWord = { kind, outgoing: encodeOutgoing(routed), from }
    this.#tell(word, sender)
    this.#share?.(word)
  }

  #tell({ kind, outgoing, from }: DataWord, sender: Participant | undefined): void {
    if (kind === 'reliable' && from) this.#history.add(outgoing)
    for (const receiver of this.#room.participants.values())
      if (receiver !== sender && mayReceive(receiver, outgoing)) receiver.data.send(kind, outgoing.payload)
  }

  /** The participant has a new link: what is sent from now on waits until it has said what it had. */
  hold(participant: Participant): void {
    participant.data.hold(this.#history.mark)
  }

  /**
   * Sends what the participant missed before its link was lost, by its own word (SyncState.datachannelReceiveStates), then
   * what has come since. Only what it might have had: sent since it joined, and to it.
   */
  replay(participant: Participant, lastSeqs: ReadonlyMap<string, number>): void {
    participant.data.release(mark => {
      // The SCTP association lives on through a resume and brings what was on its way; a client that does not drop
      // repeats by their number would hear it twice.
      if (!DROPS_REPEATS.has(participant.query.sdk)) return []
      const missed = this.#history
        .missed(lastSeqs, mark, participant.bornMs)
        .filter(sent => sent.senderSid !== participant.id && mayReceive(participant, sent))
      if (missed.length > 0)
        this.#log.info({ participantId: participant.id, count: missed.length }, 'reliable packets sent again')
      return missed.map(sent => sent.payload)
    })
  }

  close(): void {
    this.#history.close()
  }
}

const mayReceive = (receiver: Participant, { destinations, isMetrics }: Outgoing): boolean =>
  isReceiver(destinations, receiver) && (!isMetrics || receiver.permission.canSubscribeMetrics)

/** Undefined for what is none: that goes its way. */
function packetIn({ outgoing }: DataWord): DataPacket | undefined {
  try {
    return DataPacket.fromBinary(outgoing.payload)
  } catch {
    return undefined
  }
}
