import { END_TO_END_ENCRYPTED } from '@diemcau/core/contracts/capture.ts'
import { describe, expect, it } from 'vitest'
import { fixtureManifest, fixtureTrack } from '../../test/manifest-fixture.ts'
import { refusalOf } from './make-file.ts'

const sealed = { segments: [], problem: END_TO_END_ENCRYPTED }

describe('a recording', () => {
  it('is refused where all that was captured is nothing because it was encrypted', () => {
    const tracks = [
      fixtureTrack('a', 'camera', 0, 1000, sealed),
      fixtureTrack('a', 'microphone', 0, 1000, sealed),
    ]
    expect(refusalOf(fixtureManifest(1000, tracks))).toBe('end_to_end_encrypted')
  })

  it('is made of what was not encrypted, and also of silence', () => {
    const tracks = [fixtureTrack('a', 'camera', 0, 1000, sealed), fixtureTrack('b', 'microphone', 0, 1000)]
    expect(refusalOf(fixtureManifest(1000, tracks))).toBeUndefined()
    expect(refusalOf(fixtureManifest(1000, []))).toBeUndefined()
  })
})
