import { createRequire } from 'node:module'
import path from 'node:path'
import type { Consumer, PipeTransport } from 'mediasoup/types'

/** As much of mediasoup's message as is used. */
interface ConsumeRequestBuilder {
  startConsumeRequest(builder: object): void
  addPaused(builder: object, paused: boolean): void
}

const require = createRequire(import.meta.url)

/** mediasoup's own module, which it does not export. */
function findRequest(): ConsumeRequestBuilder | undefined {
  try {
    const entry = require.resolve('mediasoup')
    return require(path.join(path.dirname(entry), 'fbs', 'transport')).ConsumeRequest
  } catch {
    // Another version keeps it elsewhere; then consumers begin as mediasoup makes them.
    return undefined
  }
}

const request = findRequest()

/**
 * `transport.consume`, but the consumer begins paused. The worker can do that for pipes as for all others (3.27,
 * Consumer.cpp), only the Node side leaves the field out of its request. It matters because a pipe's consumer that begins
 * active asks the publisher for a key frame of every layer before anybody can take it, and the next one is not to be had
 * for some 350 ms: a viewer would wait that much longer for the first picture.
 *
 * Should mediasoup change, the consumer is active when it comes: look at `paused`.
 */
export function consumePaused(transport: PipeTransport, producerId: string): Promise<Consumer> {
  if (!request) return transport.consume({ producerId })
  const { startConsumeRequest } = request
  request.startConsumeRequest = builder => {
    startConsumeRequest.call(request, builder)
    request.addPaused(builder, true)
  }
  try {
    // The request is written before the first wait in there, so that no other one is changed.
    return transport.consume({ producerId })
  } finally {
    request.startConsumeRequest = startConsumeRequest
  }
}
