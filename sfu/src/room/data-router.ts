/** Data packets through a room: from a client within its grants and limits, or from the API, encoded once for all. */
import { type DataPacket, DataPacket_Kind } from '@livekit/protocol'
import { destinationsOf, isReceiver, type Routed, readClientPacket } from './data-packets.ts'
import type { RoomLimits } from './limits.ts'
import type { Log } from './log.ts'
import type { Participant } from './participant.ts'
import type { DataKind } from './ports.ts'
import type { RoomView } from './room-view.ts'

export class DataRouter {
  readonly #room: RoomView
  readonly #limits: RoomLimits
  readonly #log: Log
  readonly #now: () => number

  constructor(room: RoomView, limits: RoomLimits, log: Log, now: () => number) {
    this.#room = room
    this.#limits = limits
    this.#log = log
    this.#now = now
  }

  /** What may not be sent is dropped: data channels have no way to answer. */
  fromClient(sender: Participant, kind: DataKind, payload: Uint8Array): void {
    const refusal = this.#refusalOf(sender, kind, payload)
    const routed = refusal ? undefined : readClientPacket(payload, kind, sender)
    if (!routed) {
      this.#log.debug({ participantId: sender.id, reason: refusal ?? 'malformed' }, 'data packet dropped')
      return
    }
    const { sequence } = routed.packet
    if (kind === 'reliable' && sequence > 0) {
      // After a resume clients send again what they are not sure of.
      if (sequence <= sender.lastReliableSequence) return
      sender.lastReliableSequence = sequence
    }
    this.#deliver(routed, sender)
  }

  fromApi(packet: DataPacket): void {
    this.#deliver({ packet, destinations: destinationsOf(packet) }, undefined)
  }

  #refusalOf(sender: Participant, kind: DataKind, payload: Uint8Array): string | undefined {
    if (!sender.permission.canPublishData) return 'not_allowed'
    if (kind === 'data_track') return 'data_tracks_are_not_supported'
    if (payload.length > this.#limits.dataPacketBytes) return 'too_large'
    if (!sender.dataBucket.take(this.#now())) return 'too_many'
    return undefined
  }

  #deliver({ packet, destinations }: Routed, sender: Participant | undefined): void {
    const kind: DataKind = packet.kind === DataPacket_Kind.LOSSY ? 'lossy' : 'reliable'
    const payload = packet.toBinary()
    const isMetrics = packet.value.case === 'metrics'
    for (const receiver of this.#room.participants.values()) {
      if (receiver === sender || !isReceiver(destinations, receiver)) continue
      if (isMetrics && !receiver.permission.canSubscribeMetrics) continue
      receiver.data.send(kind, payload)
    }
  }
}
