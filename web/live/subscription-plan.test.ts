import { describe, expect, it } from 'vitest'
import { LINGER_MS, pictureKey, planSubscriptions, type RemotePublication } from './subscription-plan.ts'

const track = (
  identity: string,
  source: RemotePublication['source'],
  more: Partial<RemotePublication> = {},
): RemotePublication => ({
  trackId: `TR_${identity}_${source}`,
  identity,
  kind: 'video',
  source,
  isWanted: false,
  ...more,
})

describe('what is asked for', () => {
  it('is the sound of everyone and the picture of who is shown', () => {
    const plan = planSubscriptions(
      [
        track('a', 'camera'),
        track('b', 'camera'),
        track('b', 'screen_share'),
        track('a', 'other', { kind: 'audio' }),
        track('b', 'other', { kind: 'audio', isWanted: true }),
      ],
      new Set([pictureKey('a', 'camera'), pictureKey('b', 'screen_share')]),
      new Map(),
      0,
    )
    expect(plan.subscribe).toEqual(['TR_a_camera', 'TR_b_screen_share', 'TR_a_other'])
    expect(plan.unsubscribe).toEqual([])
    expect(plan.nextAtMs).toBeNull()
  })

  it('keeps a picture for a while after it was hidden, then gives it up', () => {
    const key = pictureKey('a', 'camera')
    const wanted = [track('a', 'camera', { isWanted: true })]
    const first = planSubscriptions(wanted, new Set([key]), new Map(), 1000)
    const hidden = planSubscriptions(wanted, new Set(), first.shownAtMs, 2000)
    expect(hidden.unsubscribe).toEqual([])
    expect(hidden.nextAtMs).toBe(1000 + LINGER_MS)
    const later = planSubscriptions(wanted, new Set(), hidden.shownAtMs, 1000 + LINGER_MS)
    expect(later.unsubscribe).toEqual(['TR_a_camera'])
    expect(later.nextAtMs).toBeNull()
  })

  it('asks again for a picture that came back under a new track id', () => {
    const key = pictureKey('a', 'camera')
    const plan = planSubscriptions(
      [track('a', 'camera', { trackId: 'TR_new' })],
      new Set([key]),
      new Map([[key, 500]]),
      600,
    )
    expect(plan.subscribe).toEqual(['TR_new'])
  })

  it('gives up pictures that were never shown', () => {
    const plan = planSubscriptions([track('a', 'camera', { isWanted: true })], new Set(), new Map(), 0)
    expect(plan.unsubscribe).toEqual(['TR_a_camera'])
  })
})
