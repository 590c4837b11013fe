import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakePeer, FakeRoomMedia } from '../../../test/room-support/fake-media.ts'
import { silentLog } from '../base/log.ts'
import type { PeerMedia } from '../base/ports.ts'
import { Subscriptions } from './subscriptions.ts'

const TRACK = 'TR_1' as TrackId
const none = () => {}

/** Subscriptions on a fake peer that knows TR_1. */
function setUp(options: { autoSubscribe?: boolean; media?: Promise<PeerMedia> } = {}) {
  const room = new FakeRoomMedia('RM_1' as never, {
    onSpeakers: none,
    onDemandChanged: none,
    hasFloor: () => false,
  })
  room.tracks.add(TRACK)
  const peer = new FakePeer(room, { participantId: 'PA_1' as never, canShareStreams: true }, {} as never)
  const state = { maySubscribe: true, subscribed: [] as string[], failed: [] as unknown[] }
  const subscriptions = new Subscriptions(
    {
      log: silentLog,
      autoSubscribe: options.autoSubscribe ?? true,
      maySubscribe: () => state.maySubscribe,
      media: () => options.media ?? Promise.resolve(peer),
      retryDelaysMs: [10, 20],
    },
    {
      subscribed: trackId => state.subscribed.push(trackId),
      forbidden: none,
      subscriptionFailed: (_trackId, error) => state.failed.push(error),
    },
  )
  return { subscriptions, peer, room, state }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe('Subscriptions', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('subscribes by itself when auto-subscribe is on, and only on request when it is off', async () => {
    const on = setUp()
    on.subscriptions.addTrack(TRACK, true)
    await settle()
    expect([...on.peer.subscribed]).toEqual([TRACK])
    expect(on.state.subscribed).toEqual([TRACK])

    const off = setUp({ autoSubscribe: false })
    off.subscriptions.addTrack(TRACK, true)
    await settle()
    expect(off.peer.calls).toEqual([])
    expect(off.subscriptions.setWanted([TRACK, 'TR_unknown'], true)).toEqual(['TR_unknown'])
    await settle()
    expect(off.subscriptions.isSubscribed(TRACK)).toBe(true)
  })

  it('remembers what is wanted of a track to come, for a minute that no set clock makes shorter or longer', async () => {
    const { subscriptions, peer } = setUp({ autoSubscribe: false })
    subscriptions.setWanted([TRACK], true)
    vi.setSystemTime(Date.now() + 3_600_000)
    subscriptions.addTrack(TRACK, true)
    await settle()
    expect([...peer.subscribed]).toEqual([TRACK])

    const late = setUp({ autoSubscribe: false })
    late.subscriptions.setWanted([TRACK], true)
    vi.setSystemTime(Date.now() - 3_600_000)
    await vi.advanceTimersByTimeAsync(61_000)
    late.subscriptions.addTrack(TRACK, true)
    await settle()
    expect(late.peer.calls).toEqual([])
  })

  it('ends where the last word left it, whatever was said while a step was under way', async () => {
    const { subscriptions, peer } = setUp()
    const gate = Promise.withResolvers<void>()
    peer.subscribeGate = gate.promise
    subscriptions.addTrack(TRACK, true)
    await settle()
    subscriptions.setWanted([TRACK], false)
    subscriptions.setWanted([TRACK], true)
    subscriptions.setWanted([TRACK], false)
    gate.resolve()
    await settle()
    expect(peer.subscribed.size).toBe(0)
    expect(peer.calls).toEqual([`subscribe ${TRACK}`, `unsubscribe ${TRACK}`])
  })

  it.each([true, false])(
    'takes back what the client does not name after a resume (auto-subscribe %s), and leaves the API its word',
    async autoSubscribe => {
      const others = ['TR_2', 'TR_3', 'TR_4'] as TrackId[]
      const all = [TRACK, ...others]
      const { subscriptions, room } = setUp({ autoSubscribe })
      for (const trackId of others) room.tracks.add(trackId)
      for (const trackId of all) subscriptions.addTrack(trackId, true)
      // The last word on the last two is the API's: the client does not know of it.
      subscriptions.setWanted([TRACK, 'TR_2', 'TR_4'], !autoSubscribe)
      subscriptions.setWanted(['TR_3'], !autoSubscribe, true)
      subscriptions.setWanted(['TR_4'], autoSubscribe, true)
      await settle()
      const subscribed = () => all.map(sid => subscriptions.isSubscribed(sid))
      expect(subscribed()).toEqual([!autoSubscribe, !autoSubscribe, !autoSubscribe, autoSubscribe])
      // What the client said of TR_1 meanwhile went into a dead socket.
      subscriptions.syncWanted(['TR_2', 'TR_4'], !autoSubscribe)
      await settle()
      expect(subscribed()).toEqual([autoSubscribe, !autoSubscribe, !autoSubscribe, autoSubscribe])
      // A list of what is as it would be anyhow names no exceptions.
      subscriptions.syncWanted([], autoSubscribe)
      await settle()
      expect(subscriptions.isSubscribed('TR_2')).toBe(!autoSubscribe)
    },
  )

  it('keeps a bounded number of short wishes, and forgets those that have run out or were taken back', async () => {
    const { subscriptions, room } = setUp({ autoSubscribe: false })
    const sids = (from: number, count: number) => Array.from({ length: count }, (_, i) => `TR_x${from + i}`)
    subscriptions.setWanted([`TR_${'x'.repeat(100)}`, ...sids(0, 200)], true)
    await vi.advanceTimersByTimeAsync(61_000)
    subscriptions.setWanted([TRACK, 'TR_2', 'TR_x7'], true)
    subscriptions.setWanted(['TR_3'], true, true)
    subscriptions.syncWanted(['TR_2'], true)
    for (const sid of [TRACK, 'TR_2', 'TR_3', 'TR_x7'] as TrackId[]) {
      room.tracks.add(sid)
      subscriptions.addTrack(sid, true)
    }
    await settle()
    // TR_1 and TR_x7 were taken back, TR_3 was the API's, which was told that it is not there.
    expect([TRACK, 'TR_2', 'TR_3', 'TR_x7'].map(sid => subscriptions.isSubscribed(sid))).toEqual([
      false,
      true,
      false,
      false,
    ])
  })

  it('keeps a wish for a track that is published only later, for a minute', async () => {
    for (const [delayMs, isKept] of [
      [59_000, true],
      [61_000, false],
    ] as const) {
      const { subscriptions } = setUp({ autoSubscribe: false })
      expect(subscriptions.setWanted([TRACK], true)).toEqual([TRACK])
      await vi.advanceTimersByTimeAsync(delayMs)
      subscriptions.addTrack(TRACK, true)
      await settle()
      expect(subscriptions.isSubscribed(TRACK)).toBe(isKept)
    }
  })

  it('lets go of a track that was unpublished while it was being subscribed', async () => {
    const { subscriptions, peer, state } = setUp()
    const gate = Promise.withResolvers<void>()
    peer.subscribeGate = gate.promise
    subscriptions.addTrack(TRACK, true)
    await settle()
    subscriptions.removeTrack(TRACK)
    gate.resolve()
    await settle()
    expect(peer.subscribed.size).toBe(0)
    expect(state.subscribed).toEqual([])
  })

  it('waits for media that is still being opened, and applies the settings asked for before', async () => {
    const opened = Promise.withResolvers<PeerMedia>()
    const { subscriptions, peer } = setUp({ media: opened.promise })
    subscriptions.addTrack(TRACK, true)
    const settings = { disabled: true, quality: 0, width: 0, height: 0, fps: 0, priority: 0 }
    subscriptions.setSettings([TRACK], settings)
    opened.resolve(peer)
    await settle()
    expect(peer.subscribed.has(TRACK)).toBe(true)
    expect(peer.settings.get(TRACK)).toEqual(settings)
  })

  it('tries again after a passing failure', async () => {
    const { subscriptions, peer, state } = setUp()
    peer.subscribeFailures = 2
    subscriptions.addTrack(TRACK, true)
    await vi.advanceTimersByTimeAsync(100)
    expect(peer.subscribed.has(TRACK)).toBe(true)
    expect(state.failed).toEqual([])
  })

  it('says once that it fails, and goes on trying at the last pace', async () => {
    const { subscriptions, peer, state } = setUp()
    peer.subscribeFailures = 6
    subscriptions.addTrack(TRACK, true)
    await vi.advanceTimersByTimeAsync(35)
    expect(peer.calls).toHaveLength(3)
    expect(state.failed).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(peer.subscribed.has(TRACK)).toBe(true)
    expect(peer.calls).toHaveLength(7)
    expect(state.failed).toHaveLength(1)
  })

  it('does not wait for the next try when the client asks again', async () => {
    const { subscriptions, peer } = setUp()
    peer.subscribeFailures = 1
    subscriptions.addTrack(TRACK, true)
    await settle()
    subscriptions.setWanted([TRACK], true)
    await settle()
    expect(peer.subscribed.has(TRACK)).toBe(true)
  })

  it('takes a track anew that the media side lost while it was still making it', async () => {
    const { subscriptions, peer, state } = setUp()
    const gate = Promise.withResolvers<void>()
    peer.subscribeGate = gate.promise
    subscriptions.addTrack(TRACK, true)
    await settle()
    subscriptions.handleLost(TRACK, new AppError('unavailable', 'pipe'))
    gate.resolve()
    await settle()
    expect([subscriptions.isSubscribed(TRACK), state.subscribed]).toEqual([false, []])
    await vi.advanceTimersByTimeAsync(10)
    expect([subscriptions.isSubscribed(TRACK), state.subscribed]).toEqual([true, [TRACK]])
    expect(peer.calls).toEqual([`subscribe ${TRACK}`, `subscribe ${TRACK}`])
  })

  it('takes a track anew that the media side lost, unless nobody wants it any more', async () => {
    const { subscriptions, peer } = setUp()
    subscriptions.addTrack(TRACK, true)
    await settle()
    peer.subscribed.delete(TRACK)
    subscriptions.handleLost(TRACK, new AppError('unavailable', 'pipe'))
    expect(subscriptions.isSubscribed(TRACK)).toBe(false)
    await vi.advanceTimersByTimeAsync(10)
    expect(peer.subscribed.has(TRACK)).toBe(true)

    subscriptions.handleLost(TRACK, new AppError('unavailable', 'pipe'))
    subscriptions.removeTrack(TRACK)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(peer.calls).toEqual([`subscribe ${TRACK}`, `subscribe ${TRACK}`])
  })

  it('takes a track anew that was lost while its settings were applied', async () => {
    const { subscriptions, peer } = setUp()
    subscriptions.addTrack(TRACK, true)
    await settle()
    const gate = Promise.withResolvers<void>()
    vi.spyOn(peer, 'updateTrackSettings').mockReturnValue(gate.promise)
    const settings = { disabled: false, quality: 0, width: 0, height: 0, fps: 0, priority: 0 }
    subscriptions.setSettings([TRACK], settings)
    await settle()
    subscriptions.handleLost(TRACK, new AppError('unavailable', 'pipe'))
    gate.resolve()
    await settle()
    expect(peer.calls).toEqual([`subscribe ${TRACK}`, `subscribe ${TRACK}`])
    expect(subscriptions.isSubscribed(TRACK)).toBe(true)
  })

  it('does not try a codec again that the client cannot decode', async () => {
    const { subscriptions, peer, state } = setUp()
    vi.spyOn(peer, 'subscribe').mockRejectedValue(new AppError('codec_unsupported', 'av1'))
    subscriptions.addTrack(TRACK, true)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(peer.subscribe).toHaveBeenCalledTimes(1)
    expect(state.failed).toHaveLength(1)
  })

  it('follows permissions of subscriber and publisher', async () => {
    const { subscriptions, peer, state } = setUp()
    subscriptions.addTrack(TRACK, false)
    await settle()
    expect(peer.calls).toEqual([])
    expect(subscriptions.setAllowed(TRACK, true)).toBe(true)
    expect(subscriptions.setAllowed(TRACK, true)).toBe(false)
    await settle()
    expect(peer.subscribed.has(TRACK)).toBe(true)
    state.maySubscribe = false
    subscriptions.reevaluate()
    await settle()
    expect(peer.subscribed.has(TRACK)).toBe(false)
  })

  it('does nothing after close, also not what was waiting', async () => {
    const { subscriptions, peer } = setUp()
    peer.subscribeFailures = 1
    subscriptions.addTrack(TRACK, true)
    await settle()
    subscriptions.close()
    subscriptions.close()
    subscriptions.addTrack(TRACK, true)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(peer.calls).toEqual([`subscribe ${TRACK}`])
  })
})
