/** A process that is told to end goes on serving until its owner closes the workers. */
import { expect, it } from 'vitest'
import { quietMediaNode } from '../../../test/quiet-media-node.ts'

const FIRST_PORT = 21_290

it('media workers do not listen to the signals that end this process', async () => {
  const listeners = () => [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]
  const before = listeners()
  const node = await quietMediaNode(FIRST_PORT, 2)
  const with2 = listeners()
  await node.close('node_stopping')
  expect(with2).toEqual(before)
})
