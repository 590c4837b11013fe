import { EventEmitter } from 'node:events'
import type { Producer } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RoomRouter } from '../worker/room-router.ts'
import { Pipes } from './pipes.ts'

/** As much of a mediasoup producer, or a pipe's consumer, as a pipe uses. */
class FakeEnd {
  readonly id: string
  readonly observer = new EventEmitter()
  paused = false
  closed = false
  constructor(id: string, paused = false) {
    this.id = id
    this.paused = paused
  }
  async pause() {
    this.paused = true
    this.observer.emit('pause')
  }
  async resume() {
    this.paused = false
    this.observer.emit('resume')
  }
  close() {
    if (this.closed) return
    this.closed = true
    this.observer.emit('close')
  }
}

interface Ends {
  pipeConsumer: FakeEnd
  pipeProducer: FakeEnd
}

/** Two routers; each `pipeToRouter` is answered by the test. */
function setUp(idleTtlMs = 50) {
  const openings: PromiseWithResolvers<Ends>[] = []
  const worker = { index: 0 }
  const pipeToRouter = () => {
    const opening = Promise.withResolvers<Ends>()
    openings.push(opening)
    return opening.promise
  }
  const home = { worker, router: { id: 'home', pipeToRouter } } as unknown as RoomRouter
  const away = { worker, router: { id: 'away' } } as unknown as RoomRouter
  const pipes = new Pipes(pino({ level: 'silent' }), idleTtlMs)
  const ends = (paused = false): Ends => {
    const pair = { pipeConsumer: new FakeEnd('consumer'), pipeProducer: new FakeEnd('voice', paused) }
    pair.pipeConsumer.observer.on('close', () => pair.pipeProducer.close())
    pair.pipeProducer.observer.on('close', () => pair.pipeConsumer.close())
    return pair
  }
  const acquire = (producer: FakeEnd) => pipes.acquire(producer as unknown as Producer, home, away)
  return { pipes, openings, ends, acquire }
}

describe('a pipe', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is not silent when the producer was unmuted while it was being made', async () => {
    const { openings, ends, acquire } = setUp()
    const voice = new FakeEnd('voice', true)
    const acquired = acquire(voice)
    const pair = ends(true)
    // The worker has resumed already and said so to nobody; its answer comes after the pipe's.
    openings[0]!.resolve(pair)
    await acquired
    expect(pair.pipeProducer.paused).toBe(true)
    await voice.resume()
    await vi.advanceTimersByTimeAsync(0)
    expect(pair.pipeProducer.paused).toBe(false)

    await voice.pause()
    await vi.advanceTimersByTimeAsync(0)
    expect(pair.pipeProducer.paused).toBe(true)
    pair.pipeProducer.close()
    expect(voice.observer.listenerCount('resume')).toBe(0)
  })

  it('that never opens fails its users in time, and the next try makes another', async () => {
    const { pipes, openings, ends, acquire } = setUp()
    const voice = new FakeEnd('voice')
    const refused = expect(Promise.all([acquire(voice), acquire(voice)])).rejects.toMatchObject({
      code: 'unavailable',
    })
    await vi.advanceTimersByTimeAsync(10_000)
    await refused
    expect(pipes.size).toBe(0)

    const late = ends()
    openings[0]!.resolve(late)
    await vi.advanceTimersByTimeAsync(0)
    expect(late.pipeConsumer.closed).toBe(true)
    const again = acquire(voice)
    openings[1]!.resolve(ends())
    await again
    expect(pipes.size).toBe(1)
  })

  it('that failed is forgotten, and its end does not take the next one along', async () => {
    const { pipes, openings, ends, acquire } = setUp()
    const voice = new FakeEnd('voice')
    const first = acquire(voice)
    openings[0]!.reject(new Error('the other worker died'))
    await expect(first).rejects.toThrow('died')
    const second = acquire(voice)
    const old = ends()
    openings[1]!.resolve(old)
    const { release } = await second
    release()
    await vi.advanceTimersByTimeAsync(50)
    expect(old.pipeConsumer.closed).toBe(true)
    const third = acquire(voice)
    openings[2]!.resolve(ends())
    await third
    old.pipeProducer.observer.emit('close')
    expect(pipes.size).toBe(1)
  })
})
