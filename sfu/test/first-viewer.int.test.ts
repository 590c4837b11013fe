/** The first viewer on another worker than the publisher's, whose pipe is only opened for it, waits like everybody else. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'

const ROOMS = 7

let sfu: RunningSfu
beforeAll(async () => {
  sfu = await startSfu({ workers: 2 })
})
afterAll(async () => {
  await sfu.stop()
  await dispose()
})

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!

it('sees a picture about as soon as one on the same worker', async () => {
  const times: Record<'other' | 'same', number[]> = { other: [], same: [] }
  for (let n = 0; n < ROOMS; n++) {
    const room = `first-${n}`
    const publisher = await NativePeer.join(sfu, { room, identity: 'publisher' })
    await publisher.publishCamera()
    const viewers: NativePeer[] = []
    // Peers go to the worker with the fewest, the first of them when there are several.
    for (const where of ['other', 'same'] as const) {
      const viewer = await NativePeer.join(sfu, { room, identity: where })
      viewers.push(viewer)
      await eventually(() => (viewer.from('publisher').firstVideoAt ? null : 'no picture'), 15_000, 5)
      times[where].push(Math.round(viewer.from('publisher').firstVideoAt! - viewer.connectingAt))
      expect((await sfu.workers()).map(({ peers }) => peers)).toEqual(where === 'other' ? [1, 1] : [2, 1])
    }
    for (const peer of [...viewers, publisher]) await peer.leave()
    await eventually(async () =>
      (await sfu.workers()).every(({ peers }) => peers === 0) ? null : 'somebody is still there',
    )
  }
  console.log(
    `first picture, ms after connect(): other worker ${times.other.join(' ')}; same ${times.same.join(' ')}`,
  )
  // On a busy machine everything takes longer, and so does the difference.
  expect(median(times.other)).toBeLessThan(median(times.same) + Math.max(300, median(times.same)))
})
