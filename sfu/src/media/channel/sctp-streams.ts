import type { DataConsumer, WebRtcTransport } from 'mediasoup/types'
import { closedWith } from '../worker/closed-with.ts'
import type { RoomRouter } from '../worker/room-router.ts'

/**
 * How long a lossy message may wait for the line, ms. mediasoup takes 0 for the life of a message that has none, and discards
 * what does not go out at once: nothing larger than the first window (some 12 kB) would ever arrive. Given a life it
 * takes 0 for the retransmissions, which is what a lossy channel is.
 */
const LOSSY_LIFE_MS = 1_000

/**
 * A data consumer that sends on exactly `streamId`. mediasoup only hands ids out in order, but a data channel's two
 * directions must share one id (RFC 8832 §6), so its allocator, a plain method hidden by TypeScript, is replaced for the call.
 */
export async function openOutgoingStream(
  home: RoomRouter,
  transport: WebRtcTransport,
  streamId: number,
  isReliable: boolean,
): Promise<DataConsumer> {
  const allocating = transport as unknown as { allocateSctpStreamId?: () => number }
  allocating.allocateSctpStreamId = () => streamId
  // consumeData() allocates before its first await, so nobody else can meet the replaced method.
  const opening = transport.consumeData({
    dataProducerId: home.silentDataProducer.id,
    ...(isReliable ? { ordered: true } : { ordered: false, maxPacketLifeTime: LOSSY_LIFE_MS }),
  })
  delete allocating.allocateSctpStreamId
  return closedWith(transport, await opening)
}

/** Delivers every message the client sends on `streamId`, data and DCEP alike. Lives as long as the transport. */
export async function openIncomingStream(
  home: RoomRouter,
  transport: WebRtcTransport,
  streamId: number,
  onMessage: (message: Buffer, ppid: number) => void,
): Promise<void> {
  const producing = transport.produceData({ sctpStreamParameters: { streamId, ordered: true } })
  const producer = closedWith(transport, await producing)
  const consumer = closedWith(producer, await home.direct.consumeData({ dataProducerId: producer.id }))
  consumer.on('message', onMessage)
}
