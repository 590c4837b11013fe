import { describe, expect, it, vi } from 'vitest'
import { type ChannelSink, OutgoingChannel, RELIABLE_QUEUE_BYTES } from './outgoing-channel.ts'

/** A worker that takes messages but sends nothing until it is drained. */
class StuckSink {
  closed = false
  sent: Buffer[] = []
  buffered = 0
  #onLow: (amount: number) => void = () => {}
  on(_event: string, listener: (amount: number) => void) {
    this.#onLow = listener
    return this
  }
  async setBufferedAmountLowThreshold() {}
  async getBufferedAmount() {
    return this.buffered
  }
  async send(message: Buffer) {
    this.sent.push(message)
    this.buffered += message.length
    return this.buffered
  }
  drain() {
    this.buffered = 0
    this.#onLow(0)
  }
}

const kilobytes = (n: number) => new Uint8Array(n * 1024)
const settle = () => new Promise(resolve => setImmediate(resolve))

function open(isReliable: boolean, queueBytes = RELIABLE_QUEUE_BYTES) {
  const sink = new StuckSink()
  const lost: string[] = []
  const options = { isReliable, ppid: 53, queueBytes, onLost: (why: string) => lost.push(why) }
  return { sink, lost, channel: new OutgoingChannel(sink as unknown as ChannelSink, options) }
}

describe('a channel whose client does not keep up', () => {
  it('drops lossy messages once half a megabyte waits, and takes them again when it is drained', async () => {
    const { sink, channel } = open(false)
    const taken = Array.from({ length: 12 }, () => channel.send(kilobytes(64)))
    expect(taken.filter(Boolean)).toHaveLength(8)
    await settle()
    expect(channel.send(kilobytes(1))).toBe(false)
    sink.drain()
    expect(channel.send(kilobytes(1))).toBe(true)
  })

  it('queues reliable messages up to 16 MiB and delivers them in order when it is drained', async () => {
    const { sink, channel, lost } = open(true)
    const taken = 255
    for (let i = 0; i < taken; i++) expect(channel.send(kilobytes(64).fill(i % 251))).toBe(true)
    while (sink.sent.length < taken) {
      const before = sink.sent.length
      await settle()
      sink.drain()
      await settle()
      expect(sink.sent.length).toBeGreaterThan(before)
    }
    expect(sink.sent.map(m => m[0])).toEqual(Array.from({ length: taken }, (_, i) => i % 251))
    expect(lost).toEqual([])
  })

  it('is lost as a whole when more waits than its bound: nothing may follow a gap', async () => {
    const { sink, channel, lost } = open(true, 1024 * 1024)
    let taken = 0
    while (channel.send(kilobytes(64))) taken += 1
    expect(taken * 64 * 1024).toBeLessThanOrEqual(2 * 1024 * 1024)
    expect(lost).toEqual([])
    await settle()
    expect(lost).toHaveLength(1)
    const sent = sink.sent.length
    sink.drain()
    await settle()
    expect(channel.send(kilobytes(1))).toBe(false)
    expect(sink.sent).toHaveLength(sent)
    expect(lost).toHaveLength(1)
  })

  it('counts what tiny messages cost beside their content', async () => {
    const { channel, lost } = open(true, 1024 * 1024)
    let taken = 0
    while (channel.send(Uint8Array.of(1)) && taken < 2_000_000) taken += 1
    await settle()
    expect(lost).toHaveLength(1)
    expect(taken).toBeLessThan(1_000_000)
  })

  it('is lost when the worker refuses a reliable message, but not when a lossy one is refused', async () => {
    for (const isReliable of [true, false]) {
      const { sink, channel, lost } = open(isReliable)
      sink.send = () => Promise.reject(new Error('sctpsendbufferfull'))
      channel.send(kilobytes(1))
      await settle()
      await settle()
      expect(lost).toHaveLength(isReliable ? 1 : 0)
      expect(channel.send(kilobytes(1))).toBe(!isReliable)
    }
  })

  it('is not lost with a transport that closes under it', async () => {
    const { sink, channel, lost } = open(true)
    sink.send = () => Promise.reject(new Error('closed'))
    channel.send(kilobytes(1))
    sink.closed = true
    await settle()
    await settle()
    expect(lost).toEqual([])
  })

  it('finds out by itself when a full window emptied without an event', async () => {
    const { sink, channel } = open(false)
    while (channel.send(kilobytes(64)));
    await settle()
    sink.buffered = 0
    expect(channel.send(kilobytes(1))).toBe(false)
    const end = Date.now() + 2_000
    while (!channel.send(kilobytes(1))) {
      if (Date.now() > end) throw new Error('still full')
      await settle()
    }
  })

  it('sends what is queued when the worker’s buffer emptied without an event', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { sink, channel } = open(true)
      for (let i = 0; i < 12; i++) expect(channel.send(kilobytes(64))).toBe(true)
      await settle()
      expect(sink.sent.length).toBeLessThan(12)
      sink.buffered = 0
      await settle()
      expect(sink.sent.length).toBeLessThan(12)
      await vi.advanceTimersByTimeAsync(200)
      expect(sink.sent).toHaveLength(12)
    } finally {
      vi.useRealTimers()
    }
  })

  it('takes nothing after it was closed', () => {
    const { sink, channel } = open(true)
    sink.closed = true
    expect(channel.send(kilobytes(1))).toBe(false)
  })
})
