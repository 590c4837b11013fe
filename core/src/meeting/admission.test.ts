import { describe, expect, it } from 'vitest'
import { type AdmissionFacts, DOORS_OPEN_BEFORE_MS, decideAdmission, doorsOpenAt } from './admission.ts'

const startsAt = Date.parse('2026-11-23T07:00:00.000Z')
const dayStart = Date.parse('2026-11-22T17:00:00.000Z')

function facts(
  over: Partial<Omit<AdmissionFacts, 'meeting'>> & { meeting?: Partial<AdmissionFacts['meeting']> } = {},
): AdmissionFacts {
  const { meeting, ...rest } = over
  return {
    now: startsAt,
    dayStart,
    as: 'participant',
    invitedRole: 'delegate',
    known: false,
    removed: false,
    lobbyAnswer: 'none',
    passcodeRight: true,
    hasName: true,
    present: 3,
    isPresent: false,
    ...rest,
    meeting: {
      status: 'live',
      startsAt,
      locked: false,
      guestsAllowed: true,
      watchAllowed: true,
      lobby: true,
      capacity: 10,
      ...meeting,
    },
  }
}
const outcome = (f: AdmissionFacts): string => {
  const decision = decideAdmission(f)
  return decision.kind === 'refuse'
    ? decision.reason
    : decision.kind === 'admit'
      ? `admit ${decision.role}`
      : 'wait'
}

describe('admission', () => {
  it('lets an invited delegate in without lobby or passcode', () => {
    expect(outcome(facts({ passcodeRight: false }))).toBe('admit delegate')
  })
  it('refuses everybody when the meeting is cancelled or has ended', () => {
    expect(outcome(facts({ meeting: { status: 'cancelled' }, invitedRole: 'chair' }))).toBe('cancelled')
    expect(outcome(facts({ meeting: { status: 'ended' }, invitedRole: 'chair' }))).toBe('ended')
    expect(outcome(facts({ meeting: { status: 'ended' }, as: 'viewer' }))).toBe('ended')
  })
  it('refuses a removed identity, also one that was known and admitted', () => {
    expect(outcome(facts({ removed: true, known: true, lobbyAnswer: 'admitted' }))).toBe('removed')
  })
  it('opens the doors 30 minutes before the start, to the millisecond', () => {
    expect(outcome(facts({ now: startsAt - DOORS_OPEN_BEFORE_MS - 1 }))).toBe('too_early')
    expect(outcome(facts({ now: startsAt - DOORS_OPEN_BEFORE_MS }))).toBe('admit delegate')
  })
  it('tells when the doors open', () => {
    expect(decideAdmission(facts({ now: startsAt - 3_600_000 }))).toEqual({
      kind: 'refuse',
      reason: 'too_early',
      opensAt: startsAt - DOORS_OPEN_BEFORE_MS,
    })
  })
  it('lets moderators in at any time of the day, and not the day before', () => {
    for (const invitedRole of ['chair', 'secretary', 'operator'] as const) {
      expect(outcome(facts({ now: dayStart, invitedRole }))).toBe(`admit ${invitedRole}`)
      expect(outcome(facts({ now: dayStart - 1, invitedRole }))).toBe('too_early')
    }
  })
  it('opens for moderators no later than for others when the meeting starts right after midnight', () => {
    expect(doorsOpenAt(dayStart + 600_000, dayStart, 'chair')).toBe(dayStart + 600_000 - DOORS_OPEN_BEFORE_MS)
  })
  it('refuses new people when locked; those who were in, whom the chair lets in and moderators still come', () => {
    const locked = { locked: true }
    expect(outcome(facts({ meeting: locked }))).toBe('locked')
    for (const lobbyAnswer of ['none', 'waiting', 'denied'] as const)
      expect(outcome(facts({ meeting: locked, invitedRole: null, lobbyAnswer }))).toBe('locked')
    expect(outcome(facts({ meeting: locked, invitedRole: null, lobbyAnswer: 'admitted' }))).toBe(
      'admit guest',
    )
    expect(outcome(facts({ meeting: locked, known: true }))).toBe('admit delegate')
    expect(outcome(facts({ meeting: locked, invitedRole: 'operator' }))).toBe('admit operator')
    expect(outcome(facts({ meeting: locked, as: 'viewer' }))).toBe('admit viewer')
  })
  it('refuses guests where none are allowed, before looking at their passcode', () => {
    expect(
      outcome(facts({ invitedRole: null, passcodeRight: null, meeting: { guestsAllowed: false } })),
    ).toBe('guests_not_allowed')
  })
  it('asks guests for the right passcode and stops after too many wrong ones', () => {
    expect(outcome(facts({ invitedRole: null, passcodeRight: false }))).toBe('wrong_code')
    expect(outcome(facts({ invitedRole: null, passcodeRight: null }))).toBe('too_many_attempts')
  })
  it('asks guests for a name', () => {
    expect(outcome(facts({ invitedRole: null, hasName: false }))).toBe('name_required')
  })
  it('keeps guests in the lobby until they are admitted, and refuses the denied', () => {
    const guest = { invitedRole: null }
    expect(outcome(facts(guest))).toBe('wait')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'waiting' }))).toBe('wait')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'admitted' }))).toBe('admit guest')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'denied' }))).toBe('denied')
    expect(outcome(facts({ ...guest, meeting: { lobby: false } }))).toBe('admit guest')
  })
  it('is full at capacity, except for moderators and for those who are in already', () => {
    expect(outcome(facts({ present: 10 }))).toBe('full')
    expect(outcome(facts({ present: 10, isPresent: true }))).toBe('admit delegate')
    expect(outcome(facts({ present: 10, invitedRole: 'chair' }))).toBe('admit chair')
    expect(outcome(facts({ present: 10, as: 'viewer' }))).toBe('admit viewer')
  })
  it('shows the watch page only where it is allowed and when the doors are open', () => {
    expect(outcome(facts({ as: 'viewer', hasName: false }))).toBe('admit viewer')
    expect(outcome(facts({ as: 'viewer', meeting: { watchAllowed: false } }))).toBe('guests_not_allowed')
    expect(outcome(facts({ as: 'viewer', now: startsAt - 3_600_000 }))).toBe('too_early')
  })
})
