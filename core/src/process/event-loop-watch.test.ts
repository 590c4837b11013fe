import { expect, it, onTestFinished } from 'vitest'
import { EventLoopWatch } from './event-loop-watch.ts'

it('tells how late the event loop is, to everybody who asks', async () => {
  const watch = new EventLoopWatch(60_000)
  onTestFinished(() => watch.close())
  expect(watch.p99Ms).toBe(0)
  const block = () => {
    const until = performance.now() + 300
    while (performance.now() < until) {
      // Nothing else runs meanwhile.
    }
    return watch.p99Ms
  }
  await expect.poll(block, { timeout: 10_000 }).toBeGreaterThan(200)
  expect(watch.p99Ms).toBeGreaterThan(200)
})
