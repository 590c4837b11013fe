import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WorkerWatch } from './worker-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a watch over a worker', () => {
  it('calls a worker hung after ten silent seconds, once', async () => {
    const onHung = vi.fn()
    new WorkerWatch(() => new Promise(() => {}), onHung)
    await vi.advanceTimersByTimeAsync(11_000)
    expect(onHung).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(onHung.mock.calls).toEqual([[10_000]])
  })

  it('is content with late answers, and leaves a closed worker alone', async () => {
    const onHung = vi.fn()
    const slow = vi.fn(() => new Promise(resolve => setTimeout(resolve, 9_000)))
    const watch = new WorkerWatch(slow, onHung)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(slow.mock.calls.length).toBeGreaterThan(5)
    watch.stop()
    const closed = vi.fn(() => Promise.reject(new Error('closed')))
    new WorkerWatch(closed, onHung)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(closed).toHaveBeenCalledTimes(1)
    expect(onHung).not.toHaveBeenCalled()
  })

  it('does not take a pause of its own process for the worker’s', async () => {
    const onHung = vi.fn()
    let answer = () => {}
    const watch = new WorkerWatch(
      () =>
        new Promise<void>(resolve => {
          answer = resolve
        }),
      onHung,
    )
    await vi.advanceTimersByTimeAsync(2_000)
    // A minute passes in which no timer runs; afterwards one round comes before the answer is read.
    vi.setSystemTime(Date.now() + 60_000)
    await vi.advanceTimersByTimeAsync(2_000)
    answer()
    await vi.advanceTimersByTimeAsync(4_000)
    answer()
    expect(onHung).not.toHaveBeenCalled()
    watch.stop()
  })
})
