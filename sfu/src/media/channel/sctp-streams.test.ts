import type { DataConsumer, WebRtcTransport } from 'mediasoup/types'
import { expect, it, vi } from 'vitest'
import type { RoomRouter } from '../worker/room-router.ts'
import { openOutgoingStream } from './sctp-streams.ts'

const home = { silentDataProducer: { id: 'silent' } } as RoomRouter

it.each([
  [true, { ordered: true }],
  [false, { ordered: false, maxPacketLifeTime: 1_000 }],
])('a stream that is reliable (%s) has the order and life of its messages', async (isReliable, wanted) => {
  const consumeData = vi.fn(async () => ({}))
  const transport = { closed: false, consumeData }
  await openOutgoingStream(home, transport as unknown as WebRtcTransport, 1, isReliable)
  expect(consumeData).toHaveBeenCalledExactlyOnceWith({ dataProducerId: 'silent', ...wanted })
})

it.each([
  [true, 1],
  [false, 0],
])(
  'a stream whose transport has closed (%s) while the worker made it is closed %i times',
  async (isClosed, times) => {
    const close = vi.fn()
    const made = Promise.withResolvers<DataConsumer>()
    const transport = { closed: false, consumeData: () => made.promise }
    const opening = openOutgoingStream(home, transport as unknown as WebRtcTransport, 1, true)
    transport.closed = isClosed
    made.resolve({ close } as unknown as DataConsumer)
    await opening
    expect(close).toHaveBeenCalledTimes(times)
  },
)
