/** A process that is told to end goes on serving until its owner closes the workers. */
import pino from 'pino'
import { expect, it } from 'vitest'
import { createMediaNode } from '../media-node.ts'

const FIRST_PORT = 21_290

it('media workers do not listen to the signals that end this process', async () => {
  const listeners = () => [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]
  const before = listeners()
  const node = await createMediaNode({
    ...(process.env.MEDIASOUP_WORKER_BIN ? { workerBin: process.env.MEDIASOUP_WORKER_BIN } : {}),
    workerCount: 2,
    listenAddress: '127.0.0.1',
    announcedAddresses: ['127.0.0.1'],
    firstMediaPort: FIRST_PORT,
    logger: pino({ level: 'fatal' }),
  })
  const with2 = listeners()
  await node.close('node_stopping')
  expect(with2).toEqual(before)
})
