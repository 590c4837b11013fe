/** Data packets through a room: from a client within its grants, or from the API, encoded once for all; and once more for those who missed them. */
import { type DataPacket, DataPacket_Kind } from '@livekit/protocol'
import { DataHistory } from './data-history.ts'
import {
  destinationsOf,
  encodeOutgoing,
  isReceiver,
  type Outgoing,
  type Routed,
  readClientPacket,
} from './data-packets.ts'
import type { RoomLimits } from './limits.ts'
import type { Log } from './log.ts'
import type { Participant } from './participant.ts'
import type { DataKind } from './ports.ts'
import type { RoomView } from './room-view.ts'

/**
 * `sdk` of clients that take no packet twice: livekit-client. Measured: rtc-node 1.1.0 and so the Rust core takes all. The empty one
 * is a client that does not say what it is and that speaks the protocol by the book.
 */
const DROPS_REPEATS: ReadonlySet<string> = new Set(['js', 'reactnative', ''])

export class DataRouter {
  readonly #room: RoomView
  readonly #log: Log
  readonly #history: DataHistory

  constructor(room: RoomView, limits: RoomLimits, log: Log, now: () => number) {
    this.#room = room
    this.#log = log
    this.#history = new DataHistory(limits, now)
  }

  /** What may not be sent is dropped: data channels have no way to answer. */
  fromClient(sender: Participant, kind: DataKind, payload: Uint8Array): void {
    const isAllowed = sender.permission.canPublishData
    const routed = isAllowed ? readClientPacket(payload, kind, sender) : undefined
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

  fromApi(packet: DataPacket): void {
    this.#deliver({ packet, destinations: destinationsOf(packet) }, undefined)
  }

  #deliver(routed: Routed, sender: Participant | undefined): void {
    const isLossy = routed.packet.kind === DataPacket_Kind.LOSSY
    const outgoing = encodeOutgoing(routed)
    if (!isLossy && sender) this.#history.add(outgoing)
    for (const receiver of this.#room.participants.values())
      if (receiver !== sender && mayReceive(receiver, outgoing))
        receiver.data.send(isLossy ? 'lossy' : 'reliable', outgoing.payload)
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
        .missed(lastSeqs, mark, participant.joinedAtMs)
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
