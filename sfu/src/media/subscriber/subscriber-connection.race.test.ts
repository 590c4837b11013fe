import { EventEmitter } from 'node:events'
import type { TrackId } from '@diemcau/core/ids.ts'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { transportFacts } from '../../../test/transport-facts.ts'
import type { Pipes } from '../link/pipes.ts'
import { DEFAULT_SETTINGS } from '../track/layer-choice.ts'
import { PublishedTrack } from '../track/published-track.ts'
import { TrackDirectory } from '../track/track-directory.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { SubscriberConnection } from './subscriber-connection.ts'

const none = () => {}
const VOICE = 'TR_voice' as TrackId
const PICTURE = 'TR_picture' as TrackId

const rtpParameters = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2, parameters: {} }],
  encodings: [{ ssrc: 4242 }],
  rtcp: { cname: 'c' },
}

class FakeConsumer extends EventEmitter {
  readonly rtpParameters = rtpParameters
  readonly type = 'simple'
  paused = true
  closed = false
  priority = 1
  resumeFaults = 0
  readonly traced: string[] = []
  async enableTraceEvent(types: string[]) {
    this.traced.push(...types)
  }
  async pause() {
    this.paused = true
  }
  async resume() {
    if (this.resumeFaults-- > 0) throw new Error('the worker is busy')
    this.paused = false
  }
  close() {
    this.closed = true
  }
}

class FakeProducer {
  readonly observer = new EventEmitter()
  paused = false
  closed = false
  close() {
    this.closed = true
  }
  resume() {
    this.paused = false
    this.observer.emit('resume')
  }
}

/** A subscriber connection on a transport in memory, in a room with one voice and one picture. */
async function setUp(client: { hearsTracksByMedia?: boolean } = {}) {
  const consumers: FakeConsumer[] = []
  const asked: object[] = []
  const sent: string[] = []
  const state = {
    consumeGate: undefined as Promise<void> | undefined,
    resumeFaults: 0,
    blankId: 'blank' as string | undefined,
    isBornClosed: false,
  }
  const channel = () =>
    Object.assign(new EventEmitter(), { id: 'd', setBufferedAmountLowThreshold: async () => {} })
  const transport = Object.assign(new EventEmitter(), {
    closed: false,
    iceParameters: { usernameFragment: 'u', password: 'p' },
    consumeData: async () => channel(),
    produceData: async () => channel(),
    connect: async () => {},
    enableTraceEvent: async () => {},
    close: none,
    consume: async (options: object) => {
      asked.push(options)
      await state.consumeGate
      const consumer = new FakeConsumer()
      consumer.resumeFaults = state.resumeFaults
      consumer.closed = state.isBornClosed
      consumers.push(consumer)
      return consumer
    },
  })
  const home = {
    router: { rtpCapabilities: { codecs: [], headerExtensions: [] } },
    silentDataProducer: { id: 'silent' },
    blanks: {
      producerId: async () => state.blankId,
      send: (mimeType: string) => void sent.push(mimeType),
    },
    direct: { consumeData: async () => channel() },
    createWebRtcTransport: async () => transport,
    subscriberCapabilities: () => ({ codecs: [], headerExtensions: [] }),
    describe: transportFacts,
  } as unknown as RoomRouter
  const producers = new Map<TrackId, FakeProducer>()
  const directory = new TrackDirectory()
  for (const trackId of [VOICE, PICTURE]) {
    const track = new PublishedTrack({
      trackId,
      participantId: 'PA_1' as never,
      kind: 'audio',
      home,
      stream: 'camera',
      layers: [],
      onDemand: none,
    })
    const producer = Object.assign(new FakeProducer(), { id: trackId })
    producers.set(trackId, producer)
    track.addCodec({
      mid: '0',
      mimeType: 'audio/opus',
      producer: producer as never,
      spatialLayers: 1,
      simulcast: false,
      layers: [],
    })
    directory.add(track)
  }
  const offers: string[] = []
  const lost: { trackId: string; code: unknown }[] = []
  const pipes = {
    acquire: async ({ id }: { id: string }) => ({ producerId: id, release: none }),
  } as unknown as Pipes
  const connection = await SubscriberConnection.create(
    home,
    directory,
    pipes,
    pino({ level: 'silent' }),
    { canShareStreams: true, ...client },
    {
      onOffer: ({ sdp }) => offers.push(sdp),
      onConnected: none,
      onDisconnected: none,
      onSubscriptionLost: (trackId, error) =>
        lost.push({ trackId, code: (error as { code?: unknown }).code }),
      onStreamState: none,
      onDataLost: none,
    },
  )
  /** Accepts the last offer, but for the kind of section that is refused. */
  const answer = (edit = (sdp: string) => sdp) =>
    connection.handleAnswer(
      edit(
        offers.at(-1)!.replaceAll('a=sendonly', 'a=recvonly').replaceAll('a=setup:actpass', 'a=setup:active'),
      ),
    )
  return { connection, offers, lost, consumers, asked, sent, state, answer, directory, producers }
}

/** Offers leave on the next turn of the loop. */
const settle = () => vi.advanceTimersByTimeAsync(1)

describe('a subscriber connection', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('makes an offer anew that the client never answered, and what waited behind it comes along', async () => {
    const { connection, offers, consumers, answer } = await setUp()
    connection.start()
    await settle()
    await answer()
    await connection.subscribe(PICTURE)
    await settle()
    expect(offers).toHaveLength(2)
    await connection.subscribe(VOICE)
    await settle()
    expect(offers).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(offers).toHaveLength(3)
    expect(offers[2]).toContain(VOICE)
    await answer()
    await settle()
    expect(consumers.map(({ paused }) => paused)).toEqual([false, false])
    await vi.advanceTimersByTimeAsync(120_000)
    expect(offers).toHaveLength(3)
    connection.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not take the late answer to an earlier offer for one to the repeated', async () => {
    const { connection, offers, consumers, answer } = await setUp()
    connection.start()
    await settle()
    await answer()
    await connection.subscribe(PICTURE)
    await settle()
    const early = offers.at(-1)!
    await connection.subscribe(VOICE)
    await vi.advanceTimersByTimeAsync(5_000)
    await answer(() =>
      early.replaceAll('a=sendonly', 'a=recvonly').replaceAll('a=setup:actpass', 'a=setup:active'),
    )
    await settle()
    expect(consumers.every(({ paused }) => paused)).toBe(true)
    await answer()
    await settle()
    expect(consumers.map(({ paused }) => paused)).toEqual([false, false])
    connection.close()
  })

  it('tells of a track whose pipe went away, and takes it again when asked', async () => {
    const { connection, lost, consumers, answer } = await setUp()
    connection.start()
    await settle()
    await answer()
    await connection.subscribe(VOICE)
    await settle()
    await answer()
    consumers[0]!.emit('producerclose')
    expect(lost).toEqual([{ trackId: VOICE, code: 'unavailable' }])
    await connection.subscribe(VOICE)
    await settle()
    await answer()
    await settle()
    await answer()
    await settle()
    expect(consumers.at(-1)!.paused).toBe(false)
    connection.close()
  })

  it('has what is lost sent again, and watches what is lost', async () => {
    const { connection, consumers, asked } = await setUp()
    await connection.subscribe(VOICE)
    expect(asked).toMatchObject([{ producerId: VOICE, enableRtx: true, paused: true }])
    expect(consumers[0]!.traced).toEqual(['nack'])
    connection.close()
  })

  it('keeps to wishes that came before the subscription', async () => {
    const { connection, consumers, answer } = await setUp()
    connection.start()
    await settle()
    await answer()
    await connection.updateSettings(VOICE, { ...DEFAULT_SETTINGS, disabled: true })
    await connection.subscribe(VOICE)
    await settle()
    await answer()
    await settle()
    expect(consumers[0]!.paused).toBe(true)
    await connection.updateSettings(VOICE, DEFAULT_SETTINGS)
    expect(consumers[0]!.paused).toBe(false)
    connection.close()
  })

  it('is silent about a track that ended', async () => {
    const { connection, lost, consumers, directory } = await setUp()
    await connection.subscribe(VOICE)
    directory.get(VOICE).close()
    consumers[0]!.emit('producerclose')
    expect(lost).toEqual([])
    connection.close()
  })

  it('does not hold back the offers of others for a consumer that never comes', async () => {
    const { connection, offers, lost, consumers, state, answer } = await setUp()
    connection.start()
    await settle()
    await answer()
    const gate = Promise.withResolvers<void>()
    state.consumeGate = gate.promise
    const hung = expect(connection.subscribe(PICTURE)).rejects.toMatchObject({ code: 'unavailable' })
    await settle()
    state.consumeGate = undefined
    await connection.subscribe(VOICE)
    await vi.advanceTimersByTimeAsync(10_000)
    await hung
    expect(offers.at(-1)).toContain(VOICE)
    gate.resolve()
    await settle()
    expect(consumers.filter(({ closed }) => closed)).toHaveLength(1)
    expect(lost).toEqual([])
    connection.close()
  })

  it('asks the worker again when it would not resume', async () => {
    const { connection, consumers, state, answer } = await setUp()
    state.resumeFaults = 2
    connection.start()
    await settle()
    await answer()
    await connection.subscribe(VOICE)
    await settle()
    await answer()
    await settle()
    expect(consumers[0]!.paused).toBe(true)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(consumers[0]!.paused).toBe(false)
    connection.close()
  })

  it('offers a refused track a few times more, then says that the client cannot take it', async () => {
    const { connection, lost, answer } = await setUp()
    connection.start()
    await settle()
    await answer()
    for (let attempt = 0; attempt < 3; attempt++) {
      await connection.subscribe(VOICE)
      await settle()
      await answer(sdp => sdp.replaceAll('a=recvonly', 'a=inactive'))
      await settle()
      await answer()
      await settle()
    }
    expect(lost.map(({ code }) => code)).toEqual(['unavailable', 'unavailable', 'codec_unsupported'])
    connection.close()
  })

  it('fails when the consumer closed while it was made, and the next try makes another', async () => {
    const { connection, consumers, state } = await setUp()
    connection.start()
    state.isBornClosed = true
    await expect(connection.subscribe(VOICE)).rejects.toMatchObject({ code: 'unavailable' })
    state.isBornClosed = false
    await connection.subscribe(VOICE)
    expect(consumers.map(({ closed }) => closed)).toEqual([true, false])
  })

  describe('of a client that hears of tracks by their media', () => {
    async function muted(client = { hearsTracksByMedia: true }) {
      const all = await setUp(client)
      const producer = all.producers.get(VOICE)!
      producer.paused = true
      all.connection.start()
      await settle()
      await all.answer()
      return { ...all, producer }
    }

    it('is given silence in place of a muted track, and the track once it is unmuted', async () => {
      const { connection, asked, sent, consumers, offers, answer, producer } = await muted()
      await connection.subscribe(VOICE)
      await settle()
      expect(asked).toMatchObject([{ producerId: 'blank' }])
      expect(sent).toEqual([])
      await answer()
      await settle()
      expect(sent).toEqual(['audio/opus'])
      producer.resume()
      await settle()
      expect(consumers[0]!.closed).toBe(true)
      expect(asked).toMatchObject([{ producerId: 'blank' }, { producerId: VOICE }])
      expect(offers.at(-1)).toContain(VOICE)
      await answer()
      await settle()
      expect(consumers[1]!.paused).toBe(false)
      // Muted and unmuted again, the track is left as it is.
      producer.resume()
      await settle()
      expect(asked).toHaveLength(2)
      expect(sent).toHaveLength(1)
    })

    it('is given the track itself when it is unmuted while the silence is being made', async () => {
      const { connection, asked, consumers, state, producer } = await muted()
      const gate = Promise.withResolvers<void>()
      state.consumeGate = gate.promise
      const subscribed = connection.subscribe(VOICE)
      await settle()
      producer.resume()
      gate.resolve()
      await subscribed
      await settle()
      expect(asked).toMatchObject([{ producerId: 'blank' }, { producerId: VOICE }])
      expect(consumers.map(({ closed }) => closed).sort()).toEqual([false, true])
    })

    it('leaves nothing behind when the muted track is unsubscribed', async () => {
      const { connection, asked, producer } = await muted()
      await connection.subscribe(VOICE)
      connection.unsubscribe(VOICE)
      expect(producer.observer.listenerCount('resume')).toBe(0)
      producer.resume()
      await settle()
      expect(asked).toHaveLength(1)
    })

    it.each([
      ['any other client', { hearsTracksByMedia: false }, 'blank'],
      ['a codec without blank frames', { hearsTracksByMedia: true }, undefined],
    ])('changes nothing for %s', async (_who, client, blankId) => {
      const { connection, asked, state } = await muted(client)
      state.blankId = blankId
      await connection.subscribe(VOICE)
      expect(asked).toMatchObject([{ producerId: VOICE }])
    })
  })
})
