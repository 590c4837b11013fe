import { describe, expect, it } from 'vitest'
import { type AdmissionFacts, DOORS_OPEN_BEFORE_MS, decideAdmission, doorsOpenAt } from './admission.ts'

const startsAt = Date.parse('2026-11-23T07:00:00.000Z')
const dayStart = Date.parse('2026-11-22T17:00:00.000Z')

function facts(
  over: Partial<Omit<AdmissionFacts, 'meeting' | 'places'>> & {
    meeting?: Partial<AdmissionFacts['meeting']>
    places?: Partial<AdmissionFacts['places']>
  } = {},
): AdmissionFacts {
  const { meeting, places, ...rest } = over
  return {
    now: startsAt,
    dayStart,
    as: 'participant',
    invitedRole: 'delegate',
    hall: 'none',
    known: false,
    removed: false,
    resemblesRemoved: false,
    lobbyAnswer: 'none',
    passcodeRight: true,
    hasName: true,
    ...rest,
    places: {
      present: 3,
      isPresent: false,
      hallsToCome: 0,
      moderatorsToCome: 0,
      viewers: 0,
      mostViewers: 100,
      ...places,
    },
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
      : `wait: ${decision.why}`
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
  it('refuses strangers when locked; those who were in, whom the chair lets in and moderators still come', () => {
    const locked = { locked: true }
    for (const lobbyAnswer of ['none', 'denied'] as const)
      expect(outcome(facts({ meeting: locked, invitedRole: null, lobbyAnswer }))).toBe('locked')
    expect(outcome(facts({ meeting: locked, invitedRole: null, lobbyAnswer: 'admitted' }))).toBe(
      'admit guest',
    )
    expect(outcome(facts({ meeting: locked, known: true }))).toBe('admit delegate')
    expect(outcome(facts({ meeting: locked, invitedRole: 'operator' }))).toBe('admit operator')
    expect(outcome(facts({ meeting: locked, as: 'viewer' }))).toBe('admit viewer')
  })
  it('sends the invited to the lobby when locked, and leaves those there who wait already', () => {
    const locked = { locked: true }
    expect(outcome(facts({ meeting: locked }))).toBe('wait: locked')
    expect(outcome(facts({ meeting: locked, invitedRole: null, hall: 'proved' }))).toBe('wait: locked')
    expect(outcome(facts({ meeting: locked, lobbyAnswer: 'admitted' }))).toBe('admit delegate')
    expect(outcome(facts({ meeting: locked, lobbyAnswer: 'denied' }))).toBe('denied')
    expect(outcome(facts({ lobbyAnswer: 'denied' }))).toBe('admit delegate')
    expect(outcome(facts({ meeting: locked, invitedRole: null, lobbyAnswer: 'waiting' }))).toBe('wait: lobby')
  })
  it('gives a hall to nobody who only says so', () => {
    const guest = { invitedRole: null, hall: 'claimed' } as const
    expect(outcome(facts(guest))).toBe('wait: claim')
    expect(outcome(facts({ ...guest, meeting: { lobby: false } }))).toBe('wait: claim')
    expect(outcome(facts({ ...guest, known: true }))).toBe('wait: claim')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'denied' }))).toBe('denied')
    expect(outcome(facts({ hall: 'claimed' }))).toBe('wait: claim')
  })
  it('lets a hall in by its code without lobby, passcode or leave for guests', () => {
    const hall = { invitedRole: null, hall: 'proved', passcodeRight: false } as const
    expect(outcome(facts({ ...hall, meeting: { guestsAllowed: false } }))).toBe('admit delegate')
  })
  it('lets nobody past who seems to have been put out before, but into the lobby', () => {
    const guest = { invitedRole: null, resemblesRemoved: true, meeting: { lobby: false } }
    expect(outcome(facts(guest))).toBe('wait: lobby')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'admitted' }))).toBe('admit guest')
    expect(outcome(facts({ resemblesRemoved: true }))).toBe('admit delegate')
  })
  it('does not ask those who were in for a code that is new', () => {
    for (const passcodeRight of [false, null])
      expect(outcome(facts({ invitedRole: null, known: true, passcodeRight }))).toBe('admit guest')
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
    expect(outcome(facts(guest))).toBe('wait: lobby')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'waiting' }))).toBe('wait: lobby')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'admitted' }))).toBe('admit guest')
    expect(outcome(facts({ ...guest, lobbyAnswer: 'denied' }))).toBe('denied')
    expect(outcome(facts({ ...guest, meeting: { lobby: false } }))).toBe('admit guest')
  })
  it('is full at capacity, except for moderators and for those who are in already', () => {
    const places = { present: 10 }
    expect(outcome(facts({ places }))).toBe('full')
    expect(outcome(facts({ places: { ...places, isPresent: true } }))).toBe('admit delegate')
    expect(outcome(facts({ places, invitedRole: 'chair' }))).toBe('admit chair')
    expect(outcome(facts({ places, as: 'viewer' }))).toBe('admit viewer')
  })
  it('keeps the places of the halls and of the chair, however many come before them', () => {
    const places = { present: 5, hallsToCome: 4, moderatorsToCome: 1 }
    const guest = { invitedRole: null, meeting: { lobby: false } }
    expect(outcome(facts({ ...guest, places }))).toBe('full')
    expect(outcome(facts({ places }))).toBe('full')
    expect(outcome(facts({ hall: 'proved', places }))).toBe('admit delegate')
    expect(outcome(facts({ hall: 'proved', places: { ...places, present: 9 } }))).toBe('full')
    expect(outcome(facts({ invitedRole: 'chair', places: { ...places, present: 10 } }))).toBe('admit chair')
    expect(outcome(facts({ ...guest, places: { ...places, hallsToCome: 3 } }))).toBe('admit guest')
  })
  it('lets no more watch than the media server takes beside a full meeting', () => {
    const places = { viewers: 100, mostViewers: 100 }
    expect(outcome(facts({ as: 'viewer', places }))).toBe('full')
    expect(outcome(facts({ as: 'viewer', known: true, places }))).toBe('full')
    expect(outcome(facts({ as: 'viewer', places: { ...places, isPresent: true } }))).toBe('admit viewer')
    expect(outcome(facts({ places }))).toBe('admit delegate')
  })
  it('shows the watch page only where it is allowed and when the doors are open', () => {
    expect(outcome(facts({ as: 'viewer', hasName: false }))).toBe('admit viewer')
    expect(outcome(facts({ as: 'viewer', meeting: { watchAllowed: false } }))).toBe('guests_not_allowed')
    expect(outcome(facts({ as: 'viewer', now: startsAt - 3_600_000 }))).toBe('too_early')
  })
})
