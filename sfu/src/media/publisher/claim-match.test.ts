import type { TrackId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import type { TrackClaim } from '../../room/base/ports.ts'
import { claimForSection, claimNamed } from './claim-match.ts'

const claim = (id: string, kind: 'audio' | 'video', codecs: TrackClaim['codecs'] = []): TrackClaim => ({
  trackId: `TR_${id}` as TrackId,
  cid: id,
  codecs,
  kind,
  layerCount: 0,
  layers: [],
  muted: false,
  stream: 'camera',
  disableDtx: false,
  stereo: false,
})
const claims = [
  claim('mic', 'audio'),
  claim('cam', 'video', [
    { codec: 'vp9', cid: 'cam' },
    { codec: 'vp8', cid: 'cam-backup' },
  ]),
  claim('screen', 'video', [{ codec: 'h264', cid: '' }]),
]
const guess = { mayGuess: true, isSpokenFor: () => false }

describe('which announced track a section carries', () => {
  it('is found by the id of the track or of one of its codecs, with the codec asked for', () => {
    expect(claimNamed('mic', claims)).toMatchObject({ claim: { trackId: 'TR_mic' }, codec: '' })
    expect(claimNamed('cam', claims)).toMatchObject({ claim: { trackId: 'TR_cam' }, codec: 'vp9' })
    expect(claimNamed('cam-backup', claims)).toMatchObject({ claim: { trackId: 'TR_cam' }, codec: 'vp8' })
    expect(claimNamed('screen', claims)).toMatchObject({ claim: { trackId: 'TR_screen' }, codec: 'h264' })
  })

  it('is found although one side wraps the id in braces', () => {
    expect(claimNamed('{mic}', claims)?.claim.trackId).toBe('TR_mic')
  })

  it('is guessed by kind only, and only among claims nobody speaks for', () => {
    expect(claimForSection({ cid: 'renamed', kind: 'video', claims, ...guess })?.claim.trackId).toBe('TR_cam')
    const isSpokenFor = (c: TrackClaim) => c.cid === 'cam'
    expect(
      claimForSection({ cid: 'renamed', kind: 'video', claims, mayGuess: true, isSpokenFor })?.claim.trackId,
    ).toBe('TR_screen')
    expect(
      claimForSection({ cid: 'renamed', kind: 'video', claims, ...guess, mayGuess: false }),
    ).toBeUndefined()
    expect(claimForSection({ cid: undefined, kind: 'application', claims, ...guess })).toBeUndefined()
  })
})
