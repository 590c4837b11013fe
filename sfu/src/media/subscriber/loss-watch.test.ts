import { EventEmitter } from 'node:events'
import type { Consumer } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LossWatch } from './loss-watch.ts'

const TICK_MS = 10

/** A flow of 100 packets a second, of which the link drops a share that the client asks for again at once. */
class Flow extends EventEmitter {
  readonly kind = 'video'
  closed = false
  share = 0
  questions = 0
  #sent = 0
  #lost = 0
  #owed = 0
  readonly enabled: string[][] = []

  async enableTraceEvent(types: string[]) {
    this.enabled.push(types)
  }
  async getStats() {
    this.questions += 1
    return [{ type: 'outbound-rtp', packetCount: this.#sent, packetsRepaired: this.#lost }]
  }
  tick() {
    this.#sent += 1
    this.#owed += this.share
    if (this.#owed < 1) return
    this.#owed -= 1
    this.#lost += 1
    this.emit('trace', { type: 'nack' })
  }
  get consumer(): Consumer {
    return this as unknown as Consumer
  }
}

describe('the watch over a link', () => {
  let flow: Flow
  let watch: LossWatch
  const floods: number[] = []
  const run = async (ms: number) => {
    for (let t = 0; t < ms; t += TICK_MS) {
      flow.tick()
      await vi.advanceTimersByTimeAsync(TICK_MS)
    }
  }
  beforeEach(() => {
    vi.useFakeTimers()
    floods.length = 0
    flow = new Flow()
    watch = new LossWatch(pino({ level: 'silent' }), share => floods.push(share))
    watch.watch(flow.consumer)
  })
  afterEach(() => {
    watch.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('tells of a link that drops most within half a second, and how much it drops', async () => {
    await run(1_000)
    flow.share = 0.8
    await run(500)
    expect(floods).toHaveLength(1)
    expect(floods[0]).toBeCloseTo(0.8, 1)
  })

  it('asks nothing of a link without loss, nor of one that loses a packet now and then', async () => {
    await run(2_000)
    flow.share = 0.02
    await run(5_000)
    expect(flow.questions).toBe(0)
    expect(floods).toEqual([])
  })

  it('leaves a poor link alone, and looks at it seldom', async () => {
    flow.share = 0.08
    await run(10_000)
    expect(floods).toEqual([])
    expect(flow.questions).toBeLessThan(40)
  })

  it('tells again while the flood goes on', async () => {
    flow.share = 0.5
    await run(4_000)
    expect(floods.length).toBeGreaterThan(1)
    expect(floods.length).toBeLessThan(5)
  })

  it('is silent after stop, in the middle of a look, too', async () => {
    flow.share = 0.8
    await run(60)
    watch.stop()
    await run(2_000)
    expect(floods).toEqual([])
  })

  it('watches a few flows only, and new ones instead of those that closed', () => {
    const flows = Array.from({ length: 5 }, () => new Flow())
    for (const each of flows) watch.watch(each.consumer)
    expect(flows.map(each => each.enabled.length)).toEqual([1, 1, 1, 0, 0])
    flows[0]!.closed = true
    watch.watch(flows[4]!.consumer)
    expect(flows[4]!.enabled).toEqual([['nack']])
  })
})
