import { EventEmitter } from 'node:events'
import type { Consumer } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULT_SETTINGS, type TrackSettings } from '../track/layer-choice.ts'
import { type Demand, PublishedTrack } from '../track/published-track.ts'
import { Subscription } from './subscription.ts'

/** What the worker was told of a consumer. */
class FakeConsumer extends EventEmitter {
  readonly type: 'simulcast' | 'simple'
  paused = true
  producerPaused = false
  closed = false
  priority = 1
  layers: unknown
  score = { producerScores: [10, 10, 10] }
  constructor(type: 'simulcast' | 'simple') {
    super()
    this.type = type
  }
  async pause() {
    this.paused = true
  }
  async resume() {
    this.paused = false
  }
  async setPreferredLayers(layers: unknown) {
    this.layers = layers
  }
  async setPriority(priority: number) {
    this.priority = priority
  }
  close() {
    this.closed = true
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

/** A picture that flows to a subscriber who has said nothing of it yet. */
async function flowing(options: { type?: 'simulcast' | 'simple'; isScreen?: boolean } = {}) {
  const demands: Demand[] = []
  const track = new PublishedTrack({
    trackId: 'TR_1' as never,
    participantId: 'PA_1' as never,
    kind: 'video',
    home: {} as never,
    stream: 'camera',
    isScreen: options.isScreen ?? false,
    layers: [],
    onDemand: demand => demands.push(demand),
  })
  const producer = { close() {} } as never
  const mimeType = 'video/VP8'
  track.addCodec({ mid: '0', mimeType, producer, spatialLayers: 3, simulcast: true, layers: [] })
  const states: string[] = []
  const subscription = new Subscription({
    track,
    codec: track.codecs[0]!,
    settings: DEFAULT_SETTINGS,
    logger: pino({ level: 'silent' }),
    onStreamState: state => states.push(state),
  })
  const consumer = new FakeConsumer(options.type ?? 'simulcast')
  subscription.attach(consumer as unknown as Consumer)
  await subscription.goLive()
  const update = (settings: Partial<TrackSettings>) =>
    subscription.update({ ...DEFAULT_SETTINGS, ...settings })
  const close = () => {
    subscription.close()
    track.close()
  }
  return { subscription, consumer, states, demands, update, close }
}

describe('a picture that is subscribed', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('flows in the layers that its settings ask for, and not at all while it is disabled', async () => {
    const { consumer, update, states, close } = await flowing()
    expect(consumer).toMatchObject({ paused: false, layers: { spatialLayer: 2 } })
    await update({ quality: 1, fps: 5 })
    expect(consumer.layers).toEqual({ spatialLayer: 1, temporalLayer: 0 })
    await update({ quality: 1, fps: 15 })
    expect(consumer.layers).toEqual({ spatialLayer: 1, temporalLayer: 1 })
    await update({ quality: 1 })
    expect(consumer.layers).toEqual({ spatialLayer: 1 })
    await update({ disabled: true })
    expect(consumer.paused).toBe(true)
    await update({})
    expect(consumer).toMatchObject({ paused: false, layers: { spatialLayer: 2 } })
    // Who switches a picture off needs not be told.
    expect(states).toEqual([])
    close()
  })

  it('has its rank with the worker, which serves the higher one first', async () => {
    const camera = await flowing()
    expect(camera.consumer.priority).toBe(1)
    await camera.update({ height: 720, width: 1280 })
    expect(camera.consumer.priority).toBe(3)
    await camera.update({ priority: 1 })
    expect(camera.consumer.priority).toBe(254)
    camera.close()
    const screen = await flowing({ isScreen: true })
    expect(screen.consumer.priority).toBe(255)
    screen.close()
  })

  it('is asked of its publisher as far as it is wanted, and not at all while it is disabled', async () => {
    const { demands, update, close } = await flowing()
    const wanted = () => demands.at(-1)?.[0]?.maxSpatialLayer
    await update({ quality: 0 })
    await vi.advanceTimersByTimeAsync(499)
    expect(wanted()).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(wanted()).toBe(0)
    await update({ disabled: true })
    await vi.advanceTimersByTimeAsync(500)
    expect(wanted()).toBe(-1)
    // More is asked for at once.
    await update({ quality: 1 })
    expect(wanted()).toBe(1)
    close()
    expect(demands).toHaveLength(3)
  })

  it.each(['simulcast', 'simple'] as const)(
    'of type %s is told to be held when the link does not carry it, and is told again when it does',
    async type => {
      const { subscription, consumer, states, close } = await flowing({ type })
      subscription.setVerdict('drain')
      await settle()
      expect([consumer.paused, states]).toEqual([true, []])
      subscription.setVerdict('held')
      await settle()
      expect([consumer.paused, states]).toEqual([true, ['paused']])
      subscription.setVerdict('lowest')
      await settle()
      expect(consumer.paused).toBe(false)
      if (type === 'simulcast') {
        expect(consumer.layers).toEqual({ spatialLayer: 0, temporalLayer: 0 })
        // It flows when the worker has found a layer for it.
        expect(states).toEqual(['paused'])
        consumer.emit('layerschange', { spatialLayer: 0, temporalLayer: 0 })
      }
      expect(states).toEqual(['paused', 'active'])
      subscription.setVerdict('free')
      await settle()
      if (type === 'simulcast') expect(consumer.layers).toEqual({ spatialLayer: 2 })
      expect(states).toEqual(['paused', 'active'])
      close()
    },
  )

  it('is told to be paused when the worker finds no layer for it, unless for a moment or by its publisher’s wish', async () => {
    const { consumer, states, close } = await flowing()
    consumer.emit('layerschange', undefined)
    await vi.advanceTimersByTimeAsync(1_999)
    consumer.emit('layerschange', { spatialLayer: 0 })
    await vi.advanceTimersByTimeAsync(5_000)
    consumer.producerPaused = true
    consumer.emit('layerschange', undefined)
    await vi.advanceTimersByTimeAsync(5_000)
    consumer.producerPaused = false
    consumer.score = { producerScores: [0, 0, 0] }
    consumer.emit('layerschange', undefined)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(states).toEqual([])
    consumer.score = { producerScores: [0, 7, 0] }
    consumer.emit('layerschange', undefined)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(states).toEqual(['paused'])
    consumer.emit('layerschange', { spatialLayer: 0 })
    expect(states).toEqual(['paused', 'active'])
    close()
  })
})

describe('a microphone that is subscribed', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  async function voice(options: { isHeard: boolean; needsFirstPackets?: boolean }) {
    const track = new PublishedTrack({
      trackId: 'TR_1' as never,
      participantId: 'PA_1' as never,
      kind: 'audio',
      home: {} as never,
      stream: 'camera',
      isVoice: true,
      layers: [],
      onDemand: () => {},
    })
    const producer = { close() {} } as never
    const mimeType = 'audio/opus'
    track.addCodec({ mid: '0', mimeType, producer, spatialLayers: 1, simulcast: false, layers: [] })
    const states: string[] = []
    const subscription = new Subscription({
      track,
      codec: track.codecs[0]!,
      settings: DEFAULT_SETTINGS,
      ...options,
      logger: pino({ level: 'silent' }),
      onStreamState: state => states.push(state),
    })
    const consumer = new FakeConsumer('simple')
    const pause = vi.spyOn(consumer, 'pause')
    subscription.attach(consumer as unknown as Consumer)
    return { subscription, consumer, pause, states, track }
  }

  it('flows while it is heard, which the client is not told', async () => {
    const { subscription, consumer, states } = await voice({ isHeard: true })
    await subscription.goLive()
    expect(consumer.paused).toBe(false)
    subscription.setHeard(false)
    await settle()
    expect([consumer.paused, subscription.isWanted, subscription.isUnheard]).toEqual([true, false, true])
    // Whatever the client says of it meanwhile.
    await subscription.update(DEFAULT_SETTINGS)
    expect(consumer.paused).toBe(true)
    subscription.setHeard(true)
    await settle()
    expect([consumer.paused, subscription.isWanted, subscription.isUnheard]).toEqual([false, true, false])
    expect([states, consumer.closed]).toEqual([[], false])
    subscription.close()
  })

  it('costs the worker nothing while it is not, and its node still wants it', async () => {
    const { subscription, consumer, pause, track } = await voice({ isHeard: false })
    await subscription.goLive()
    expect([consumer.paused, pause.mock.calls.length]).toEqual([true, 0])
    // A pipe goes on, so that it is there when it is heard.
    expect(track.wanted).toMatchObject([{ isLive: true, maxSpatialLayer: 0 }])
    subscription.close()
  })

  it('stays silent when it is switched off while it is heard', async () => {
    const { subscription, consumer } = await voice({ isHeard: false })
    await subscription.goLive()
    await subscription.update({ ...DEFAULT_SETTINGS, disabled: true })
    subscription.setHeard(true)
    await settle()
    expect(consumer.paused).toBe(true)
    subscription.close()
  })

  it('begins for a client that hears of it by its first packet, whether it is heard or not', async () => {
    const { subscription, consumer } = await voice({ isHeard: false, needsFirstPackets: true })
    await subscription.goLive()
    expect(consumer.paused).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(consumer.paused).toBe(true)
    subscription.close()
  })
})
