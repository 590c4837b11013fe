import type { DataConsumer, WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { DataKind } from '../../room/base/ports.ts'
import { PPID, parseDcep, writeDcepOpen } from '../channel/dcep.ts'
import { OutgoingChannel } from '../channel/outgoing-channel.ts'
import { openIncomingStream, openOutgoingStream } from '../channel/sctp-streams.ts'
import type { RoomRouter } from '../worker/room-router.ts'

/** We are the DTLS server on this connection, so our channels have odd ids (RFC 8832 §6). */
const STREAM_IDS: Record<DataKind, number> = { reliable: 1, lossy: 3, data_track: 5 }
/** An OPEN on an unreliable channel may be lost; it is repeated until the client acknowledges, ms. */
const OPEN_RETRY_MS = 300
const MAX_OPEN_ATTEMPTS = 20

export interface SubscriberDataOptions {
  /** As ChannelOptions.queueBytes, of the reliable channel. */
  reliableQueueBytes?: number | undefined
  /** As PeerMediaListener.onDataLost. */
  onLost(why: string): void
}

interface Channel {
  consumer: DataConsumer
  sender: OutgoingChannel
}

/** The SFU's data channels on a subscriber connection: opened by us once SCTP is up, used to send only. */
export class SubscriberData {
  readonly #home: RoomRouter
  readonly #transport: WebRtcTransport
  readonly #logger: Logger
  readonly #options: SubscriberDataOptions
  readonly #channels = new Map<DataKind, Channel>()
  readonly #unacknowledged = new Set<DataKind>(Object.keys(STREAM_IDS) as DataKind[])
  #isUp = false
  #retryTimer: NodeJS.Timeout | undefined
  #attempts = 0

  constructor(home: RoomRouter, transport: WebRtcTransport, logger: Logger, options: SubscriberDataOptions) {
    this.#home = home
    this.#transport = transport
    this.#logger = logger
    this.#options = options
  }

  /** Prepares the streams; the channels open by themselves when SCTP connects. */
  async open(): Promise<void> {
    this.#transport.on('sctpstatechange', state => {
      if (state === 'connected') this.#up()
      // What was under way is gone, and mediasoup makes no second association on a transport.
      else if (state === 'failed') this.#options.onLost('the SCTP association failed')
    })
    await Promise.all(
      (Object.keys(STREAM_IDS) as DataKind[]).map(async kind => {
        const streamId = STREAM_IDS[kind]
        const isReliable = kind === 'reliable'
        const [consumer] = await Promise.all([
          openOutgoingStream(this.#home, this.#transport, streamId, isReliable),
          openIncomingStream(this.#home, this.#transport, streamId, (message, ppid) => {
            if (ppid === PPID.dcep && parseDcep(message)?.type === 'ack') this.#unacknowledged.delete(kind)
          }),
        ])
        const { reliableQueueBytes: queueBytes, onLost } = this.#options
        const sender = new OutgoingChannel(consumer, {
          isReliable,
          ppid: PPID.binary,
          ...(queueBytes === undefined ? {} : { queueBytes }),
          onLost,
        })
        this.#channels.set(kind, { consumer, sender })
      }),
    )
    if (this.#transport.sctpState === 'connected') this.#up()
  }

  /** False when the channel is not open yet or too much is waiting on it. */
  send(kind: DataKind, payload: Uint8Array): boolean {
    if (!this.#isUp) return false
    return this.#channels.get(kind)?.sender.send(payload) ?? false
  }

  close(): void {
    clearTimeout(this.#retryTimer)
    this.#isUp = false
  }

  #up(): void {
    if (this.#isUp || this.#transport.closed) return
    this.#isUp = true
    this.#sendOpens()
  }

  #sendOpens(): void {
    if (this.#transport.closed || this.#unacknowledged.size === 0) return
    if (this.#attempts >= MAX_OPEN_ATTEMPTS) {
      this.#logger.warn({ kinds: [...this.#unacknowledged] }, 'data channels were never acknowledged')
      return
    }
    for (const kind of this.#unacknowledged) {
      // A reliable channel's OPEN arrives; it is not repeated.
      if (kind === 'reliable' && this.#attempts > 0) continue
      this.#channels
        .get(kind)
        ?.consumer.send(writeDcepOpen(kind), PPID.dcep)
        .catch(() => {
          // The transport closed in between.
        })
    }
    this.#attempts += 1
    this.#retryTimer = setTimeout(() => this.#sendOpens(), OPEN_RETRY_MS)
  }
}
