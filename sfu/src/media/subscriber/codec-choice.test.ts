import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULT_SETTINGS } from '../track/layer-choice.ts'
import { type Demand, PublishedTrack, type TrackViewer } from '../track/published-track.ts'
import { CodecChoice } from './codec-choice.ts'
import { CodecWaits } from './codec-waits.ts'

const VP8 = 'video/VP8'
const VP9 = 'video/VP9'

function setUp(options: { announced?: string[]; isRegressing?: boolean } = {}) {
  const { announced = [VP9, VP8], isRegressing = true } = options
  const demands: Demand[] = []
  const track = new PublishedTrack({
    trackId: 'TR_1' as never,
    participantId: 'PA_1' as never,
    kind: 'video',
    home: {} as never,
    stream: 'camera',
    layers: [],
    announcedMimeTypes: () => announced,
    isRegressing,
    onDemand: demand => demands.push(demand),
  })
  const publish = (mimeType: string, mid: string) =>
    track.addCodec({
      mid,
      mimeType,
      producer: { close() {} } as never,
      spatialLayers: 3,
      simulcast: false,
      layers: [],
    })
  publish(VP9, '1')
  return { track, demands, publish, choice: new CodecChoice() }
}
const viewer = (): TrackViewer & { added: number } => ({
  added: 0,
  codecEnded() {},
  codecAdded() {
    this.added++
  },
})

describe('the codec a client is given', () => {
  it('is the first one until the client refuses it, then one that was announced', () => {
    const { track, choice, publish } = setUp()
    expect(choice.choose(track)).toMatchObject({ codec: { mimeType: VP9 } })
    choice.handleRefused(track, VP9)
    expect(choice.choose(track)).toEqual({ awaited: VP8 })
    publish(VP8, '2')
    expect(choice.choose(track)).toMatchObject({ codec: { mimeType: VP8 } })
    choice.handleRefused(track, VP8)
    choice.handleRefused(track, VP8)
    choice.handleRefused(track, VP8)
    expect(choice.choose(track)).toBeUndefined()
  })

  it('without an alternative is offered again before the client counts as unable', () => {
    const { track, choice } = setUp({ announced: [VP9] })
    choice.handleRefused(track, VP9)
    choice.handleAccepted(VP9)
    choice.handleRefused(track, VP9)
    choice.handleRefused(track, VP9)
    expect(choice.choose(track)).toMatchObject({ codec: { mimeType: VP9 } })
    choice.handleRefused(track, VP9)
    expect(choice.choose(track)).toBeUndefined()
  })

  it.each([
    [true, VP8],
    [false, VP9],
  ])('becomes the backup codec for everybody when the policy regresses (%s)', (isRegressing, expected) => {
    const { track, choice, publish } = setUp({ isRegressing })
    const others = viewer()
    track.addViewer(others)
    track.setWanted({}, { mimeType: VP8, maxSpatialLayer: 2 })
    publish(VP8, '2')
    expect(others.added).toBe(1)
    expect(choice.choose(track)).toMatchObject({ codec: { mimeType: expected } })
    track.removeCodec('2')
    expect(choice.choose(track)).toMatchObject({ codec: { mimeType: VP9 } })
    track.close()
  })

  it('stays the first one when the backup is wanted only aside', () => {
    const { track, choice, publish } = setUp()
    track.setWanted({}, { mimeType: VP8, maxSpatialLayer: 2, isAside: true })
    publish(VP8, '2')
    expect(choice.choose(track)).toMatchObject({ codec: { mimeType: VP9 } })
    track.close()
  })
})

describe('a wait for a codec', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('asks the publisher at once and ends with the codec, its settings kept', () => {
    const { track, demands } = setUp()
    const waits = new CodecWaits(() => {
      throw new Error('overdue')
    })
    waits.start(track, VP8, { ...DEFAULT_SETTINGS, quality: 1 })
    expect(demands).toEqual([
      [
        { mimeType: VP9, maxSpatialLayer: -1, spatialLayers: 3 },
        { mimeType: VP8, maxSpatialLayer: 1, spatialLayers: 0 },
      ],
    ])
    waits.update(track.trackId, { ...DEFAULT_SETTINGS, quality: 0 })
    expect(waits.end(track.trackId)).toMatchObject({ quality: 0 })
    expect(waits.has(track.trackId)).toBe(false)
    track.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is over when the codec does not come', () => {
    const { track } = setUp()
    const overdue: string[] = []
    const waits = new CodecWaits(late => overdue.push(late.trackId))
    waits.start(track, VP8, DEFAULT_SETTINGS)
    vi.advanceTimersByTime(15_000)
    expect(overdue).toEqual(['TR_1'])
    expect(waits.tracks()).toEqual([])
    track.close()
  })
})
