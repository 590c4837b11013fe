import type { DataConsumer, WebRtcTransport } from 'mediasoup/types'
import { expect, it, vi } from 'vitest'
import type { RoomRouter } from './room-router.ts'
import { openOutgoingStream } from './sctp-streams.ts'

const home = { silentDataProducer: { id: 'silent' } } as RoomRouter

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
