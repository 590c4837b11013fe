import { describe, expect, it } from 'vitest'
import { attends, ownerOfCompanion, type Party } from './attends.ts'

const hall: Party = { identity: 'user:US_1', role: 'delegate', kind: 0 }

describe('who attends', () => {
  it.each(['chair', 'secretary', 'operator', 'delegate', 'guest', ''])('a client of role "%s"', role => {
    expect(attends({ ...hall, role })).toBe(true)
  })
  it.each([
    ['an ingress', { kind: 1 }],
    ['an egress', { kind: 2 }],
    ['a telephone bridge', { kind: 3 }],
    ['an agent', { kind: 4 }],
    ['a connector', { kind: 7 }],
    ['a bridge', { kind: 8 }],
    ['a kind that does not exist yet', { kind: 99 }],
    ['somebody hidden', { hidden: true }],
    ['a recorder', { recorder: true }],
    ['an agent by its grant', { agent: true }],
    ['a viewer by role', { role: 'viewer' }],
    ['a viewer by identity', { identity: 'viewer:x', role: '' }],
    ['a second device', { identity: 'user:US_1#camera2' }],
    ['a second device of a second device', { identity: 'user:US_1#a#b' }],
    ['nobody', { identity: '' }],
  ])('not %s', (_what, over) => {
    expect(attends({ ...hall, ...over })).toBe(false)
  })
  it('knows whose a second device is', () => {
    expect(ownerOfCompanion('an#x')).toBe('an')
    expect(ownerOfCompanion('an#x#y')).toBe('an')
    expect(ownerOfCompanion('an')).toBeNull()
    expect(ownerOfCompanion('#5')).toBeNull()
  })
})
