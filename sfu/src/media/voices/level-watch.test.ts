import { EventEmitter } from 'node:events'
import type { Router } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type LevelListener, LevelWatch } from './level-watch.ts'

class FakeObserver extends EventEmitter {
  readonly producers = new Set<string>()
  readonly madeAtMs = Date.now()
  closed = false
  async addProducer({ producerId }: { producerId: string }) {
    this.producers.add(producerId)
  }
  async removeProducer({ producerId }: { producerId: string }) {
    this.producers.delete(producerId)
  }
  close() {
    this.closed = true
  }
  report(...levels: [string, number][]) {
    this.emit(
      'volumes',
      levels.map(([id, volume]) => ({ producer: { id }, volume })),
    )
  }
}

class FakeRouter {
  closed = false
  isRefusing = false
  readonly observers: FakeObserver[] = []
  async createAudioLevelObserver() {
    if (this.isRefusing) throw new Error('refused')
    const observer = new FakeObserver()
    this.observers.push(observer)
    return observer
  }
  get open() {
    return this.observers.filter(({ closed }) => !closed)
  }
}

let router: FakeRouter
let watch: LevelWatch
beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  router = new FakeRouter()
  watch = new LevelWatch(router as unknown as Router, pino({ level: 'silent' }))
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const listener = () => {
  const heard: string[] = []
  const onLevels: LevelListener['onLevels'] = levels =>
    heard.push(levels.map(({ producerId, dbov }) => `${producerId} ${dbov}`).join())
  return { heard, onLevels }
}

it('measures with observers that begin one after the other within one interval', async () => {
  const stop = watch.watch('a', listener())
  await vi.advanceTimersByTimeAsync(1_000)
  expect(router.observers.map(({ madeAtMs }) => madeAtMs)).toEqual([0, 31, 62, 93, 125, 156, 187, 218])
  const stopOther = watch.watch('b', listener())
  for (const { producers } of router.observers) expect([...producers]).toEqual(['a', 'b'])
  stop()
  for (const { producers } of router.observers) expect([...producers]).toEqual(['b'])
  stopOther()
  expect(router.open).toEqual([])
})

it('tells each listener of its own producers, one that two watch to both', async () => {
  const [one, other] = [listener(), listener()]
  const stops = [watch.watch('a', one), watch.watch('b', one), watch.watch('b', other)]
  await vi.advanceTimersByTimeAsync(250)
  router.observers[2]!.report(['b', -20], ['a', -30], ['unknown', -40])
  expect([one.heard, other.heard]).toEqual([['b -20,a -30'], ['b -20']])
  stops[1]!()
  router.observers[0]!.report(['b', -10])
  expect([one.heard.length, other.heard]).toEqual([1, ['b -20', 'b -10']])
  for (const stop of stops) stop()
  expect(router.open).toEqual([])
})

it('leaves nothing behind when it ends while it begins, and begins anew', async () => {
  watch.watch('a', listener())()
  await vi.advanceTimersByTimeAsync(500)
  expect(router.open).toEqual([])
  const stop = watch.watch('a', listener())
  // The first observer is being made.
  await vi.advanceTimersByTimeAsync(0)
  expect(router.open).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(500)
  expect(router.open).toHaveLength(8)
  stop()
  expect(router.open).toEqual([])
})

it('does without levels when the worker refuses', async () => {
  router.isRefusing = true
  const stop = watch.watch('a', listener())
  await vi.advanceTimersByTimeAsync(500)
  stop()
  router.closed = true
  watch.watch('a', listener())
  await vi.advanceTimersByTimeAsync(500)
  expect(router.observers).toEqual([])
})
