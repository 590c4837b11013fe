import { describe, expect, it } from 'vitest'
import { type AccountTies, type PlaceFacts, placeFault, roleFrom } from './place-fault.ts'

const account = { isEnabled: true, hasSession: true, roleNow: 'delegate' } as const
const place = (over: Partial<PlaceFacts> = {}): PlaceFacts => ({
  role: 'delegate',
  meeting: { status: 'live', guestsAllowed: true, watchAllowed: true },
  isRemoved: false,
  account,
  endpoint: null,
  ...over,
})
const meeting = (over: Partial<PlaceFacts['meeting']>) => ({ ...place().meeting, ...over })

describe('a place in a meeting', () => {
  it('holds while everything it rests on does', () => {
    expect(placeFault(place())).toBeNull()
    expect(placeFault(place({ role: 'guest', account: null }))).toBeNull()
    expect(placeFault(place({ role: 'viewer', account: null }))).toBeNull()
    expect(placeFault(place({ account: null, endpoint: { holds: true } }))).toBeNull()
  })

  it.each([
    ['removed', place({ isRemoved: true })],
    ['over', place({ meeting: meeting({ status: 'ended' }) })],
    ['over', place({ meeting: meeting({ status: 'cancelled' }) })],
    ['session', place({ account: { ...account, hasSession: false } })],
    ['session', place({ account: { ...account, isEnabled: false } })],
    ['session', place({ role: 'viewer', account: { ...account, hasSession: false } })],
    ['uninvited', place({ account: { ...account, roleNow: null } })],
    ['uninvited', place({ role: 'chair', account: { ...account, roleNow: null } })],
    ['uninvited', place({ endpoint: { holds: false } })],
    ['uninvited', place({ role: 'guest', account: null, meeting: meeting({ guestsAllowed: false }) })],
    ['uninvited', place({ role: 'viewer', account: null, meeting: meeting({ watchAllowed: false }) })],
    ['role', place({ role: 'chair', account })],
    ['role', place({ role: 'delegate', account: { ...account, roleNow: 'secretary' } })],
    ['uninvited', place({ role: 'delegate', account: null })],
  ] as const)('ends: %s', (fault, facts) => {
    expect(placeFault(facts)).toBe(fault)
  })

  it('keeps a hall by its code also where guests are not allowed', () => {
    expect(
      placeFault(
        place({ account: null, endpoint: { holds: true }, meeting: meeting({ guestsAllowed: false }) }),
      ),
    ).toBeNull()
  })
})

describe('the role of an account', () => {
  const ties: AccountTies = {
    account: 'official',
    isChair: false,
    isSecretary: false,
    isInvited: false,
    isOfHall: false,
  }
  it('comes from the meeting, not from the account’s title', () => {
    expect(roleFrom(ties)).toBeNull()
    expect(roleFrom({ ...ties, account: 'chair' })).toBeNull()
    expect(roleFrom({ ...ties, isChair: true })).toBe('chair')
    expect(roleFrom({ ...ties, isSecretary: true })).toBe('secretary')
    expect(roleFrom({ ...ties, account: 'operator' })).toBe('operator')
    expect(roleFrom({ ...ties, isInvited: true })).toBe('delegate')
    expect(roleFrom({ ...ties, isOfHall: true })).toBe('delegate')
  })
})
