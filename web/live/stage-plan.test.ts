import { describe, expect, it } from 'vitest'
import { compareByProtocol, type ParticipantView, parseOrder, reuseViews } from './participant-view.ts'
import { holdSpeaker, planStage, planWatch, SPEAKER_HOLD_MS } from './stage-plan.ts'

const person = (identity: string, order: number, more: Partial<ParticipantView> = {}): ParticipantView => ({
  identity,
  participantId: `PA_${identity}`,
  name: identity,
  shortName: identity,
  role: 'delegate',
  endpointId: '',
  order,
  isLocal: false,
  microphone: 'off',
  camera: 'on',
  cameraTrackId: `TR_${identity}`,
  cameraPicture: 1,
  screenTrackId: null,
  screenPicture: 0,
  isCameraPaused: false,
  isScreenPaused: false,
  isSpeaking: false,
  attends: true,
  quality: 'good',
  ...more,
})
const participants = [person('chair', 1), person('me', 2, { isLocal: true }), person('a', 3), person('b', 4)]
const input = { participants, mode: 'gallery' as const, spotlight: null, pinned: null, speaker: null }

describe('order by protocol', () => {
  it('puts smaller numbers first, then names, and what has no order last', () => {
    const shuffled = [
      person('z', parseOrder(undefined)),
      person('ân', 5),
      person('an', 5),
      person('first', 1),
    ]
    expect(shuffled.sort(compareByProtocol).map(view => view.identity)).toEqual(['first', 'an', 'ân', 'z'])
  })

  it('keeps the objects of those who did not change', () => {
    const next = participants.map(view => ({ ...view }))
    expect(reuseViews(participants, next)).toBe(participants)
    next[2] = { ...next[2]!, isSpeaking: true }
    const reused = reuseViews(participants, next)
    expect(reused[0]).toBe(participants[0])
    expect(reused[2]).toBe(next[2])
  })
})

describe('the stage', () => {
  it('is a gallery when nothing asks for more', () => {
    expect(planStage(input)).toEqual({ kind: 'gallery' })
  })

  it('puts the speaker large in speaker view and keeps the others in protocol order', () => {
    expect(planStage({ ...input, mode: 'speaker', speaker: 'b' })).toEqual({
      kind: 'stage',
      main: { identity: 'b', source: 'camera' },
      strip: ['chair', 'me', 'a'],
    })
  })

  it('shows somebody else than oneself before anybody has spoken', () => {
    const plan = planStage({ ...input, mode: 'speaker' })
    expect(plan.kind === 'stage' && plan.main.identity).toBe('chair')
  })

  it('prefers a shared screen to the spotlight and the spotlight to a pin', () => {
    expect(planStage({ ...input, pinned: 'a', spotlight: 'b' })).toMatchObject({
      main: { identity: 'b', source: 'camera' },
    })
    const sharing = participants.map(view =>
      view.identity === 'a' ? { ...view, screenTrackId: 'TR_s' } : view,
    )
    expect(planStage({ ...input, participants: sharing, spotlight: 'b', speaker: 'a' })).toEqual({
      kind: 'stage',
      main: { identity: 'a', source: 'screen_share' },
      strip: ['b', 'a', 'chair', 'me'],
    })
  })

  it('falls back when the spotlighted person is gone', () => {
    expect(planStage({ ...input, spotlight: 'gone' })).toEqual({ kind: 'gallery' })
  })
})

describe('who holds the stage', () => {
  const present = new Set(['chair', 'me', 'a', 'b'])
  const held = { identity: 'a', sinceMs: 1000 }

  it('stays with the speaker during a pause', () => {
    expect(holdSpeaker(held, [], present, 'me', 9000)).toBe(held)
  })

  it('does not jump at a cough, but follows who speaks on', () => {
    expect(holdSpeaker(held, ['b'], present, 'me', 1000 + SPEAKER_HOLD_MS - 1)).toBe(held)
    expect(holdSpeaker(held, ['b'], present, 'me', 1000 + SPEAKER_HOLD_MS).identity).toBe('b')
  })

  it('keeps the one who still speaks among several, and never shows oneself', () => {
    expect(holdSpeaker(held, ['b', 'a'], present, 'me', 99_000)).toBe(held)
    expect(holdSpeaker({ identity: null, sinceMs: 0 }, ['me'], present, 'me', 5000).identity).toBeNull()
  })

  it('lets go of somebody who left', () => {
    expect(holdSpeaker(held, [], new Set(['b']), 'me', 9000).identity).toBeNull()
    expect(holdSpeaker(held, ['b'], new Set(['b']), 'me', 1001).identity).toBe('b')
  })
})

describe('the watch page', () => {
  it('shows the spotlight, else the speaker, else the first with a camera', () => {
    expect(planWatch(participants, 'b', 'a').main).toEqual({ identity: 'b', source: 'camera' })
    expect(planWatch(participants, null, 'a').main).toEqual({ identity: 'a', source: 'camera' })
    const dark = participants.map(view =>
      view.identity === 'chair' ? { ...view, camera: 'none' as const } : view,
    )
    expect(planWatch(dark, null, null).main?.identity).toBe('me')
    expect(planWatch([], null, null).main).toBeNull()
  })

  it('adds the speaker as a small picture to a shared screen', () => {
    const sharing = participants.map(view =>
      view.identity === 'a' ? { ...view, screenTrackId: 'TR_s' } : view,
    )
    expect(planWatch(sharing, null, 'b')).toEqual({
      main: { identity: 'a', source: 'screen_share' },
      inset: 'b',
      speaking: 'b',
    })
  })
})
