import { describe, expect, it } from 'vitest'
import { fixtureTrack } from '../../test/manifest-fixture.ts'
import { audioLanes } from './audio-lanes.ts'

const spans = (tracks: Parameters<typeof audioLanes>[0]) =>
  audioLanes(tracks).map(({ segments }) => segments.map(({ fromMs }) => fromMs))

describe('audioLanes', () => {
  it('puts one after the other what does not overlap', () => {
    const tracks = [
      fixtureTrack('A', 'microphone', 0, 5000),
      fixtureTrack('B', 'microphone', 6000, 9000),
      fixtureTrack('C', 'microphone', 4000, 7000),
      fixtureTrack('D', 'microphone', 7200, 8000),
    ]
    expect(spans(tracks)).toEqual([
      [0, 6000],
      [4000, 7200],
    ])
  })

  it('leaves out pictures and tracks of which nothing was captured, and changes nothing given to it', () => {
    const silent = fixtureTrack('A', 'microphone', 0, 5000, { segments: [] })
    const first = fixtureTrack('B', 'microphone', 0, 1000)
    expect(
      spans([
        silent,
        fixtureTrack('A', 'camera', 0, 5000),
        first,
        fixtureTrack('C', 'microphone', 2000, 3000),
      ]),
    ).toEqual([[0, 2000]])
    expect(first.segments).toHaveLength(1)
  })
})
