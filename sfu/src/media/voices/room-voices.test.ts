import { EventEmitter } from 'node:events'
import type { TrackId } from '@diemcau/core/ids.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { PublishedTrack, type TrackCodec } from '../track/published-track.ts'
import type { LevelListener } from './level-watch.ts'
import { RoomVoices } from './room-voices.ts'

/** Producers that are measured, and by whom. */
class FakeLevels {
  readonly watched = new Map<string, LevelListener>()
  watch(producerId: string, listener: LevelListener) {
    this.watched.set(producerId, listener)
    return () => void this.watched.delete(producerId)
  }
  hear(...levels: [string, number][]) {
    const listener = [...this.watched.values()][0]
    listener?.onLevels(levels.map(([producerId, dbov]) => ({ producerId, dbov })))
  }
}

class FakeProducer {
  readonly observer = new EventEmitter()
  readonly id: string
  paused: boolean
  landedId: string | undefined
  constructor(id: string, paused: boolean) {
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
  close() {}
}

let levels: FakeLevels
let now: number
let floor: Set<string>
let changes: Record<string, boolean>[]
let voices: RoomVoices
beforeEach(() => {
  levels = new FakeLevels()
  now = 10_000
  floor = new Set()
  changes = []
  voices = new RoomVoices({
    most: 2,
    publisherOf: track => track.participantId,
    hasFloor: participant => floor.has(participant),
    onChanged: changed => changes.push(Object.fromEntries(changed)),
    now: () => now,
  })
})

/** A microphone that has one codec. `isElsewhere`: of another node, and not landed here. */
function microphone(name: string, { muted = false, isVoice = true, isElsewhere = false } = {}) {
  const router = { levels }
  const landings = { reach: () => {}, routerOf: () => router, onWanted: () => {} }
  const track = new PublishedTrack({
    trackId: name as TrackId,
    participantId: `PA_${name}` as never,
    kind: 'audio',
    home: (isElsewhere ? landings : router) as never,
    stream: 'camera',
    isVoice,
    layers: [],
    onDemand: () => {},
  })
  const producer = new FakeProducer(`producer-${name}`, muted)
  const codec = { mid: '0', mimeType: 'audio/opus', producer, spatialLayers: 1, simulcast: false, layers: [] }
  track.addCodec(codec as unknown as TrackCodec)
  voices.add(track)
  return { track, producer }
}
const heard = (...names: string[]) => names.filter(name => voices.isHeard(name as TrackId))
const wait = (ms: number) => {
  now += ms
}

describe('the microphones of a room', () => {
  it('are not measured, nor told of, while all are heard', () => {
    const a = microphone('a')
    microphone('b')
    expect(levels.watched.size).toBe(0)
    const c = microphone('c', { muted: true })
    expect([...levels.watched.keys()]).toEqual(['producer-a', 'producer-b', 'producer-c'])
    voices.remove(c.track)
    expect(levels.watched.size).toBe(0)
    expect(changes).toEqual([{ a: true }, { b: true }])
    voices.remove(a.track)
    expect(a.producer.observer.listenerCount('pause')).toBe(0)
  })

  it('are heard in turn, and it is said of which that changed', () => {
    microphone('a')
    microphone('b')
    wait(3_000)
    microphone('c', { muted: true })
    changes.length = 0
    levels.hear(['producer-a', -30], ['producer-c', -20])
    expect(changes).toEqual([])
    microphone('d')
    expect(changes).toEqual([{ b: false, d: true }])
    expect(voices.figures()).toEqual({ microphones: 4, heard: 2, changes: 4 })
  })

  it('are heard at once when they are opened', async () => {
    const [, , c] = [microphone('a'), microphone('b'), microphone('c', { muted: true })]
    wait(3_000)
    expect(heard('a', 'b', 'c')).toEqual(['a', 'b'])
    await c.track.setMuted(false)
    expect(heard('a', 'b', 'c')).toEqual(['b', 'c'])
    await c.track.setMuted(true)
    expect(heard('a', 'b', 'c')).toEqual(['b', 'c'])
  })

  it('are heard while their publishers have the floor', () => {
    for (const name of ['a', 'b', 'c']) microphone(name)
    expect(heard('a', 'b', 'c')).toEqual(['a', 'b'])
    floor.add('PA_c')
    voices.checkFloor()
    expect(heard('a', 'b', 'c')).toEqual(['a', 'b', 'c'])
    floor.add('PA_d')
    microphone('d')
    expect(heard('a', 'b', 'c', 'd')).toEqual(['a', 'b', 'c', 'd'])
    floor.clear()
    voices.checkFloor()
    expect(heard('a', 'b', 'c', 'd')).toHaveLength(2)
  })

  it('are measured where they land, once they have', () => {
    microphone('a')
    microphone('b')
    wait(3_000)
    const far = microphone('far', { isElsewhere: true })
    expect([...levels.watched.keys()]).toEqual(['producer-a', 'producer-b'])
    far.producer.landedId = 'landed-1'
    far.track.landed()
    levels.hear(['landed-1', -20])
    expect(voices.isHeard('far' as TrackId)).toBe(true)
    far.producer.landedId = 'landed-2'
    far.track.landed()
    expect([...levels.watched.keys()]).toEqual(['producer-a', 'producer-b', 'landed-2'])
  })

  it('are no other tracks: sound of a screen and what says nothing of its source is always heard', () => {
    for (const name of ['a', 'b', 'c']) microphone(name)
    for (const name of ['x', 'y', 'z']) microphone(name, { isVoice: false })
    expect(heard('x', 'y', 'z', 'unknown')).toEqual(['x', 'y', 'z', 'unknown'])
    expect(voices.figures().microphones).toBe(3)
  })

  it('are let go of when the room closes', () => {
    const tracks = ['a', 'b', 'c'].map(name => microphone(name))
    changes.length = 0
    voices.close()
    expect(levels.watched.size).toBe(0)
    for (const { track, producer } of tracks) {
      expect(producer.observer.listenerCount('resume')).toBe(0)
      track.close()
    }
    expect(changes).toEqual([])
  })
})
