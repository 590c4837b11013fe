import type { DataConsumer, WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { DataKind, PeerMediaListener } from '../../room/base/ports.ts'
import { kindOfLabel, PPID, parseDcep, writeDcepAck } from '../channel/dcep.ts'
import { openIncomingStream, openOutgoingStream } from '../channel/sctp-streams.ts'
import type { RoomRouter } from '../worker/room-router.ts'

/** Channels a client may open on its publisher connection: three labels, and room for one of its own, or re-opened. */
const CHANNEL_COUNT = 4

/**
 * The client's own data channels. The client chooses the ids (even ones when it is the DTLS client, RFC 8832 §6) and
 * SDKs open them in different orders, so the label in the OPEN decides what a channel is.
 */
export class PublisherData {
  readonly #home: RoomRouter
  readonly #transport: WebRtcTransport
  readonly #logger: Logger
  readonly #onData: PeerMediaListener['onData']
  readonly #kinds = new Map<number, DataKind | 'other'>()
  readonly #replies = new Map<number, Promise<DataConsumer>>()

  constructor(
    home: RoomRouter,
    transport: WebRtcTransport,
    logger: Logger,
    onData: PeerMediaListener['onData'],
  ) {
    this.#home = home
    this.#transport = transport
    this.#logger = logger
    this.#onData = onData
  }

  /** Must be done before the client can send, because mediasoup drops messages of unknown streams. */
  async open(isClientDtlsClient: boolean): Promise<void> {
    const first = isClientDtlsClient ? 0 : 1
    const ids = Array.from({ length: CHANNEL_COUNT }, (_, i) => first + 2 * i)
    await Promise.all(
      ids.map(id =>
        openIncomingStream(this.#home, this.#transport, id, (message, ppid) =>
          this.#handle(id, message, ppid),
        ),
      ),
    )
  }

  #handle(streamId: number, message: Buffer, ppid: number): void {
    if (ppid !== PPID.dcep) {
      const kind = this.#kinds.get(streamId)
      if (kind) this.#onData(kind, message)
      else this.#logger.debug({ streamId }, 'data on a channel that was never opened')
      return
    }
    const dcep = parseDcep(message)
    if (dcep?.type !== 'open') return
    this.#kinds.set(streamId, kindOfLabel(dcep.label) ?? 'other')
    this.#acknowledge(streamId).catch(error => {
      if (!this.#transport.closed)
        this.#logger.warn({ err: error, streamId }, 'data channel not acknowledged')
    })
  }

  /** Until the ACK a client sends even unordered messages in order (RFC 8832 §6). */
  async #acknowledge(streamId: number): Promise<void> {
    let reply = this.#replies.get(streamId)
    if (!reply) {
      reply = openOutgoingStream(this.#home, this.#transport, streamId, true)
      this.#replies.set(streamId, reply)
    }
    await (await reply).send(writeDcepAck(), PPID.dcep)
  }
}
