import type { TrackId } from '@diemcau/core/ids.ts'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeConsumer, fakeRouter, PAIR_END, RecordedSignals } from '../../../test/pipe-support/fake-ends.ts'
import type { RemoteTrackFacts } from '../../room/base/node-media.ts'
import type { Carrier, TrackCodec } from '../track/published-track.ts'
import { TrackDirectory } from '../track/track-directory.ts'
import { RoomNodeMedia } from './node-media.ts'

const VP8 = 'video/VP8'
const VP9 = 'video/VP9'
const TRACK = 'TR_1' as TrackId
const codecFacts = (mimeType: string) => ({ mimeType, spatialLayers: 3, simulcast: true, layers: [] })
const FACTS: RemoteTrackFacts = {
  trackId: TRACK,
  participantId: 'PA_1' as never,
  kind: 'video',
  stream: 'camera',
  isScreen: false,
  isVoice: false,
  layers: [],
  muted: false,
  announced: [VP8, VP9],
  codecs: [codecFacts(VP8)],
  regressedTo: null,
  homeRouter: 'home',
}

function setUp(change: Partial<RemoteTrackFacts> = {}) {
  const directory = new TrackDirectory()
  const signals = new RecordedSignals()
  let serial = 0
  const media = new RoomNodeMedia({
    directory,
    signals,
    mayHave: () => true,
    listen: { address: '127.0.0.1', firstPort: 40_000, lastPort: 40_999 },
    nextSerial: () => ++serial,
    logger: pino({ level: 'silent' }),
  })
  const facts = { ...FACTS, ...change }
  const remote = media.addRemote('a', facts)
  const track = directory.get(TRACK)
  const [one, two] = [fakeRouter('one'), fakeRouter('two')]
  const carried: string[] = []
  const carrier: Carrier = {
    acquire: async (producer, home, target) => {
      if (home !== target) carried.push(`${home.router.id}>${target.router.id}`)
      return { producerId: producer.id, release: () => {} }
    },
  }
  const codec = (): TrackCodec => track.codecs[0]!
  const reach = (router = one) => track.reach(codec(), router.home, carrier)
  /** Answers the last request as its home would. */
  const answer = async (how: object = {}, index = -1) => {
    const asked = signals.opens.at(index)!
    const { rtpParameters } = new FakeConsumer()
    const { kind } = facts
    asked.answer({
      serial: asked.request.serial,
      end: PAIR_END,
      kind,
      rtpParameters:
        kind === 'video'
          ? rtpParameters
          : { ...rtpParameters, codecs: [{ ...rtpParameters.codecs[0], mimeType: 'audio/opus' }] },
      rev: 1,
      paused: false,
      ...how,
    })
    await settle()
  }
  const land = async (router = one) => {
    const reaching = reach(router)
    await settle()
    await answer()
    return await reaching
  }
  const state = (level: object) =>
    media.handleState('a', { trackId: TRACK, rev: 2, paused: false, closed: false, ...level })
  return {
    media,
    directory,
    signals,
    remote,
    facts,
    track,
    one,
    two,
    carried,
    codec,
    reach,
    answer,
    land,
    state,
  }
}

const settle = () => vi.advanceTimersByTimeAsync(1)

describe('a track of another node', () => {
  let media: RoomNodeMedia | undefined
  const start = (change: Partial<RemoteTrackFacts> = {}) => {
    const all = setUp(change)
    media = all.media
    return all
  }
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    media?.close()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('comes when the first wants it, once for all, at the router of the first', async () => {
    const { reach, signals, answer, one, two, carried, media } = start()
    await settle()
    expect(signals.opens).toEqual([])
    const reaching = [reach(one), reach(two), reach(one)]
    await settle()
    expect(signals.opens).toHaveLength(1)
    expect(signals.opens[0]!.request).toMatchObject({
      serial: 1,
      trackId: TRACK,
      mimeType: VP8,
      pair: { homeRouter: 'home', end: { port: one.transports[0]!.tuple.localPort } },
      want: { codecs: [{ mimeType: VP8, serial: 1, maxSpatialLayer: -1 }] },
    })
    await answer()
    const reached = await Promise.all(reaching)
    const [{ producers }] = one.transports as [(typeof one.transports)[0]]
    expect(new Set(reached.map(({ producerId }) => producerId))).toEqual(new Set([producers[0]!.id]))
    expect(producers).toHaveLength(1)
    expect(producers[0]!.keyFrameRequestDelay).toBeGreaterThanOrEqual(350)
    expect(carried).toEqual(['one>two'])
    expect(two.transports).toEqual([])
    expect(media.landingCount).toBe(1)
  })

  it('says what its viewers want: more at once, less a little later, nothing as a pause', async () => {
    const { track, land, signals } = start()
    const [x, y] = [{}, {}]
    track.setWanted(x, { mimeType: VP8, maxSpatialLayer: 0 })
    await land()
    // The request has said so already.
    expect(signals.opens[0]!.request).toMatchObject({ want: { codecs: [{ maxSpatialLayer: 0 }] } })
    expect(signals.wants).toEqual([])
    track.setWanted(y, { mimeType: VP8, maxSpatialLayer: 2 })
    await settle()
    expect(signals.wants).toMatchObject([{ node: 'a', codecs: [{ serial: 1, maxSpatialLayer: 2 }] }])
    track.setWanted(y, undefined)
    await vi.advanceTimersByTimeAsync(490)
    expect(signals.wants).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(20)
    expect(signals.wants.at(-1)).toMatchObject({ codecs: [{ serial: 1, maxSpatialLayer: 0 }] })
    track.setWanted(x, undefined)
    await vi.advanceTimersByTimeAsync(510)
    expect(signals.wants.at(-1)).toMatchObject({ codecs: [{ serial: 1, maxSpatialLayer: -1 }] })
    const orders = signals.wants.map(({ order }) => order as number)
    expect(orders).toEqual(orders.toSorted((a, b) => a - b))
  })

  it('has the publisher send what is wanted, and is sent it when the first of its viewers can take it', async () => {
    const { track, land, signals } = start()
    const [x, y] = [{}, {}]
    track.setWanted(x, { mimeType: VP8, maxSpatialLayer: 1, isLive: false })
    await land()
    const asked = { maxSpatialLayer: 1, isFlowing: false }
    expect(signals.opens[0]!.request).toMatchObject({ want: { codecs: [asked] } })
    track.setWanted(y, { mimeType: VP8, maxSpatialLayer: 0, isLive: false })
    await vi.advanceTimersByTimeAsync(600)
    expect(signals.wants).toEqual([])
    track.setWanted(y, { mimeType: VP8, maxSpatialLayer: 0 })
    await settle()
    expect(signals.wants).toMatchObject([{ codecs: [{ maxSpatialLayer: 1, isFlowing: true }] }])
  })

  it('does not say what was back before it was said', async () => {
    const { track, land, signals } = start()
    track.setWanted(track, { mimeType: VP8, maxSpatialLayer: 1 })
    await land()
    for (let n = 0; n < 5; n++) {
      track.setWanted(track, undefined)
      await vi.advanceTimersByTimeAsync(100)
      track.setWanted(track, { mimeType: VP8, maxSpatialLayer: 1 })
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(signals.wants).toEqual([])
  })

  it.each([
    ['video', VP8, 10_000],
    ['audio', 'audio/opus', 60_000],
  ] as const)(
    'of %s goes some time after the last has left, with all that carried it',
    async (kind, mimeType, ttlMs) => {
      const { land, reach, signals, one, media } = start({ kind, codecs: [codecFacts(mimeType)] })
      const first = await land()
      const second = await reach()
      first.release()
      first.release()
      await vi.advanceTimersByTimeAsync(ttlMs * 2)
      expect(media.landingCount).toBe(1)
      second.release()
      await vi.advanceTimersByTimeAsync(ttlMs - 100)
      expect(one.transports[0]!.producers[0]!.closed).toBe(false)
      await vi.advanceTimersByTimeAsync(200)
      expect(one.transports[0]!.closed).toBe(true)
      expect(media.landingCount).toBe(0)
      expect(signals.wants.at(-1)).toMatchObject({ node: 'a', trackId: TRACK, codecs: [] })
      // And comes again under a new serial.
      const again = reach()
      await settle()
      expect(signals.opens.at(-1)!.request.serial).toBeGreaterThan(signals.wants.at(-1)!.order as number)
      expect(one.transports).toHaveLength(2)
      media.close()
      await expect(again).rejects.toMatchObject({ code: 'unavailable' })
    },
  )

  it('stays where viewers come and go', async () => {
    const { land, reach, signals, one } = start()
    let reached = await land()
    for (let n = 0; n < 10; n++) {
      reached.release()
      await vi.advanceTimersByTimeAsync(9_000)
      reached = await reach()
    }
    expect(signals.opens).toHaveLength(1)
    expect(one.transports[0]!.producers).toHaveLength(1)
    expect(one.transports[0]!.closed).toBe(false)
  })

  it('is paused as its home says, and blanks are told', async () => {
    const { land, state, one, codec } = start()
    const events: string[] = []
    codec().producer.observer.on('pause', () => events.push('pause'))
    codec().producer.observer.on('resume', () => events.push('resume'))
    await land()
    const [producer] = one.transports[0]!.producers
    state({ serial: 1, rev: 2, paused: true })
    await settle()
    expect(producer!.paused).toBe(true)
    expect(codec().producer.paused).toBe(true)
    // An older word that comes late, and one of a serial that is not ours.
    state({ serial: 1, rev: 1, paused: false })
    state({ serial: 9, rev: 9, paused: false })
    await settle()
    expect(producer!.paused).toBe(true)
    state({ serial: 1, rev: 3, paused: false })
    await settle()
    expect(producer!.paused).toBe(false)
    expect(events).toEqual(['pause', 'resume'])
  })

  it('is paused when its home says so while it is being opened, before or after the answer', async () => {
    const { reach, answer, state, one, codec } = start()
    const gate = Promise.withResolvers<void>()
    one.state.gate = gate.promise
    const reaching = reach()
    await settle()
    state({ serial: 1, rev: 3, paused: true })
    expect(codec().producer.paused).toBe(true)
    await answer({ rev: 2, paused: false })
    gate.resolve()
    await reaching
    await settle()
    expect(one.transports[0]!.producers[0]).toMatchObject({ paused: true, wasBornPaused: true })

    const { reach: reachOther, answer: answerOther, state: stateOther, one: other } = setUp()
    const otherGate = Promise.withResolvers<void>()
    other.state.gate = otherGate.promise
    const reachingOther = reachOther()
    await settle()
    await answerOther({ rev: 1, paused: false })
    stateOther({ serial: 1, rev: 2, paused: true })
    otherGate.resolve()
    await reachingOther
    await settle()
    expect(other.transports[0]!.producers[0]!.paused).toBe(true)
    vi.clearAllTimers()
  })

  it('tries a pause again that the worker did not take', async () => {
    const { land, state, one } = start()
    await land()
    const [producer] = one.transports[0]!.producers
    vi.spyOn(producer!, 'pause').mockRejectedValueOnce(new Error('the worker is busy'))
    state({ serial: 1, rev: 2, paused: true })
    await settle()
    expect(producer!.paused).toBe(false)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(producer!.paused).toBe(true)
  })

  it('is muted as its facts say before it has landed', async () => {
    const { remote, facts, codec, land } = start({ muted: true })
    const resumed = vi.fn()
    codec().producer.observer.on('resume', resumed)
    expect(codec().producer.paused).toBe(true)
    remote.update({ ...facts, muted: false })
    expect(codec().producer.paused).toBe(false)
    expect(resumed).toHaveBeenCalledTimes(1)
    await land()
    // From here on the pipe's word counts.
    remote.update({ ...facts, muted: true })
    expect(codec().producer.paused).toBe(false)
  })

  it('that its home has closed is not here any more, and whoever comes next asks anew', async () => {
    const { land, reach, state, one, signals, codec } = start()
    await land()
    state({ serial: 1, rev: 2, closed: true })
    await settle()
    expect(one.transports[0]!.producers[0]!.closed).toBe(true)
    expect(codec().producer.closed).toBe(false)
    const again = reach()
    await settle()
    expect(signals.opens).toHaveLength(2)
    media!.close()
    await expect(again).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('that is closed while it is being opened is not taken', async () => {
    const { reach, answer, state, one } = start()
    const reaching = reach()
    await settle()
    // Not yet known there is no end.
    state({ serial: 1, rev: 0, closed: true })
    state({ serial: 1, rev: 2, closed: true })
    const refused = expect(reaching).rejects.toMatchObject({ code: 'unavailable' })
    await answer()
    await refused
    expect(one.transports[0]!.closed).toBe(true)
  })

  it('is not asked for when it was removed while its end was being made', async () => {
    const { reach, remote, signals, one } = start()
    const reaching = expect(reach()).rejects.toMatchObject({ code: 'unavailable' })
    remote.remove()
    await settle()
    await reaching
    expect(signals.opens).toEqual([])
    expect(one.transports[0]!.closed).toBe(true)
  })

  it('is taken although its home did not know of it when it was first said to be wanted', async () => {
    const { reach, answer, state, media } = start()
    const reaching = reach()
    await settle()
    state({ serial: 1, rev: 0, closed: true })
    await answer()
    await reaching
    expect(media.landingCount).toBe(1)
  })

  it('travels with the others of its home router, on a transport that is connected once', async () => {
    const { land, media, directory, one, answer, signals } = start()
    await land()
    media.addRemote('a', { ...FACTS, trackId: 'TR_2' as TrackId })
    media.addRemote('a', { ...FACTS, trackId: 'TR_3' as TrackId, homeRouter: 'another' })
    for (const trackId of ['TR_2', 'TR_3'] as TrackId[]) {
      const track = directory.get(trackId)
      const reaching = track.reach(track.codecs[0]!, one.home, {
        acquire: async ({ id }) => ({ producerId: id, release: () => {} }),
      })
      await settle()
      await answer()
      await reaching
    }
    expect(one.transports.map(({ producers }) => producers.length)).toEqual([2, 1])
    const pairs = signals.opens.map(({ request }) => (request.pair as { id: string }).id)
    expect(pairs[1]).toBe(pairs[0])
    expect(pairs[2]).not.toBe(pairs[0])
  })

  it('asks again on a new pair when the old one is gone, with all that was on it', async () => {
    const { land, reach, answer, one, two, track, signals, directory, media } = start()
    await land()
    media.addRemote('a', { ...FACTS, trackId: 'TR_2' as TrackId })
    const other = directory.get('TR_2' as TrackId)
    const reaching = other.reach(other.codecs[0]!, one.home, {
      acquire: async ({ id }) => ({ producerId: id, release: () => {} }),
    })
    await settle()
    // The home is known by now: no end of ours is told again.
    expect(signals.opens[1]!.request.pair).not.toHaveProperty('end')
    await answer({ refused: 'stale_pair' })
    expect(one.transports[0]!.closed).toBe(true)
    expect(track.routerOf(track.codecs[0]!)).toBeUndefined()
    expect(signals.opens[2]!.request.pair).toHaveProperty('end')
    expect(signals.opens[2]!.request.serial).not.toBe(signals.opens[1]!.request.serial)
    await answer()
    await reaching
    expect(one.transports).toHaveLength(2)
    expect(two.transports).toEqual([])
    expect(reach).toBeTypeOf('function')
  })

  it.each([
    ['not_found', 'track_not_found'],
    ['failed', 'unavailable'],
    ['over', 'unavailable'],
  ])('refused with %s fails its viewers with %s, and keeps nothing', async (refused, code) => {
    const { reach, answer, one, media } = start()
    const reaching = expect(Promise.all([reach(), reach()])).rejects.toMatchObject({ code })
    await settle()
    await answer({ refused })
    await reaching
    expect(one.transports[0]!.closed).toBe(true)
    expect(media.landingCount).toBe(0)
  })

  it.each([
    ['says nothing', undefined],
    ['answers another kind', { kind: 'audio' }],
    [
      'answers another codec',
      {
        rtpParameters: {
          codecs: [{ mimeType: VP9, payloadType: 1, clockRate: 1 }],
          encodings: [{ ssrc: 1 }],
        },
      },
    ],
    ['answers nonsense', { end: 'there' }],
    ['answers another serial', { serial: 77 }],
  ])('whose home %s fails its viewers in time', async (_, how) => {
    const { reach, answer, media, one } = start()
    const reaching = expect(reach()).rejects.toThrow()
    await settle()
    if (how) await answer(how)
    await vi.advanceTimersByTimeAsync(how ? 1 : 8_500)
    await reaching
    expect(media.landingCount).toBe(0)
    expect(one.transports[0]!.closed).toBe(true)
    // An answer that comes now finds nobody.
    if (!how) await answer()
    expect(one.transports[0]!.producers).toEqual([])
  })

  it('lands anew elsewhere when its router dies', async () => {
    const { land, reach, answer, one, two, signals, codec, track } = start()
    await land(one)
    expect(track.routerOf(codec())).toBe(one.home)
    one.transports[0]!.close()
    await settle()
    expect(signals.wants.at(-1)).toMatchObject({ codecs: [] })
    const again = reach(two)
    await settle()
    await answer()
    expect((await again).producerId).toBe(two.transports[0]!.producers[0]!.id)
    expect(track.routerOf(codec())).toBe(two.home)
  })

  it('tells a home that carries what nobody knows of here what is wanted', async () => {
    const { media, state, signals, land } = start()
    state({ serial: 77, rev: 1 })
    expect(signals.wants).toMatchObject([{ trackId: TRACK, codecs: [] }])
    await land()
    state({ serial: 77, rev: 2 })
    expect(signals.wants.at(-1)).toMatchObject({ trackId: TRACK, codecs: [{ serial: 2 }] })
    media.handleState('a', { serial: 78, trackId: 'TR_9', rev: 1, paused: false, closed: false })
    expect(signals.wants.at(-1)).toMatchObject({ trackId: 'TR_9', codecs: [] })
    const count = signals.wants.length
    state({ serial: 77, rev: 3, closed: true })
    expect(signals.wants).toHaveLength(count)
  })

  it('says all again every few seconds while somebody wants it', async () => {
    const { track, land, signals } = start()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(signals.wants).toEqual([])
    track.setWanted(track, { mimeType: VP8, maxSpatialLayer: 1 })
    await land()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(signals.wants.filter(({ codecs }) => (codecs as unknown[]).length === 1)).toHaveLength(2)
  })

  it('follows its facts: codecs come and go, and all take the backup codec its home chose', async () => {
    const { remote, facts, track, signals } = start()
    const seen: string[] = []
    track.addViewer({
      codecAdded: ({ regressedTo }) => seen.push(`added, take ${regressedTo}`),
      codecEnded: (_, { mimeType }) => seen.push(`ended ${mimeType}`),
    })
    track.setWanted(track, { mimeType: VP9, maxSpatialLayer: 0 })
    await settle()
    expect(signals.wants).toMatchObject([{ codecs: [{ mimeType: VP9, serial: null, maxSpatialLayer: 0 }] }])
    const both = { ...facts, codecs: [codecFacts(VP8), codecFacts(VP9)] }
    remote.update(both)
    remote.update(both)
    expect(seen).toEqual(['added, take undefined'])
    remote.update({ ...both, regressedTo: VP9 })
    expect(seen.at(-1)).toBe(`added, take ${VP9}`)
    remote.update({ ...facts, codecs: [codecFacts(VP8)] })
    expect(seen.at(-1)).toBe(`ended ${VP9}`)
    expect(track.regressedTo).toBeUndefined()
    expect(track.codecs.map(({ mimeType }) => mimeType)).toEqual([VP8])
    expect(() => remote.update({ ...facts, trackId: 'TR_2' as TrackId })).toThrow('another track')
  })

  it('ends for all who take it when it is removed', async () => {
    const { remote, track, land, one, directory, signals, facts, reach } = start()
    const ended = vi.fn()
    track.addViewer({ codecAdded: () => {}, codecEnded: ended })
    track.setWanted(track, { mimeType: VP8, maxSpatialLayer: 2 })
    await land()
    const codec = track.codecs[0]!
    remote.remove()
    remote.remove()
    expect(ended).toHaveBeenCalledTimes(1)
    expect(codec.producer.closed).toBe(true)
    await settle()
    expect(one.transports[0]!.closed).toBe(true)
    expect(directory.find(TRACK)).toBeUndefined()
    expect(signals.wants.at(-1)).toMatchObject({ codecs: [] })
    expect(signals.wants).toHaveLength(1)
    await expect(track.reach(codec, one.home, {} as Carrier)).rejects.toMatchObject({
      code: 'track_not_found',
    })
    remote.update(facts)
    expect(directory.find(TRACK)).toBeUndefined()
    expect(reach).toBeTypeOf('function')
  })

  it('that is here already, or cannot be, is not added', () => {
    const { media, facts } = start()
    expect(() => media.addRemote('b', facts)).toThrow(expect.objectContaining({ code: 'already_exists' }))
    const absurd = {
      ...facts,
      trackId: 'TR_2' as TrackId,
      codecs: [{ ...codecFacts(VP8), spatialLayers: 0 }],
    }
    expect(() => media.addRemote('b', absurd)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    media.close()
    expect(() => media.addRemote('b', { ...facts, trackId: 'TR_3' as TrackId })).toThrow(
      expect.objectContaining({ code: 'closed' }),
    )
  })

  it('of a node that is gone is carried no more', async () => {
    const { land, media, one } = start()
    await land()
    media.handleNodeGone('b')
    expect(media.landingCount).toBe(1)
    media.handleNodeGone('a')
    await settle()
    expect(media.landingCount).toBe(0)
    expect(one.transports[0]!.closed).toBe(true)
  })
})
