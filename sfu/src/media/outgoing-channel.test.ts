import { describe, expect, it } from 'vitest'
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

function open(isReliable: boolean) {
  const sink = new StuckSink()
  return { sink, channel: new OutgoingChannel(sink as unknown as ChannelSink, isReliable, 53) }
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
    const { sink, channel } = open(true)
    let taken = 0
    while (channel.send(new Uint8Array(kilobytes(64).fill(taken % 251)))) taken += 1
    expect(taken * 64 * 1024).toBeGreaterThanOrEqual(RELIABLE_QUEUE_BYTES)
    expect(taken * 64 * 1024).toBeLessThan(RELIABLE_QUEUE_BYTES + 1024 * 1024)
    while (sink.sent.length < taken) {
      const before = sink.sent.length
      await settle()
      sink.drain()
      await settle()
      expect(sink.sent.length).toBeGreaterThan(before)
    }
    expect(sink.sent.map(m => m[0])).toEqual(Array.from({ length: taken }, (_, i) => i % 251))
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

  it('takes nothing after it was closed', () => {
    const { sink, channel } = open(true)
    sink.closed = true
    expect(channel.send(kilobytes(1))).toBe(false)
  })
})
