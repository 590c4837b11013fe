import { describe, expect, it } from 'vitest'
import { type HallFacts, hallOfJoin } from './hall-proof.ts'

const a = { id: 'EP_a', hallId: 'HA_a' }
const b = { id: 'EP_b', hallId: 'HA_b' }
const ask = (over: Partial<HallFacts<typeof a>> = {}) =>
  hallOfJoin({
    endpoints: [a, b],
    wantedId: undefined,
    byCode: undefined,
    typedHallCode: false,
    accountHallId: null,
    deviceHallIds: new Set<string>(),
    before: null,
    claim: null,
    isModerator: false,
    ...over,
  })

describe('the hall somebody speaks for', () => {
  it('is none for who names none, and the account’s own without asking', () => {
    expect(ask()).toEqual({ kind: 'none' })
    expect(ask({ wantedId: 'EP_x' })).toEqual({ kind: 'none' })
    expect(ask({ accountHallId: 'HA_a' })).toEqual({ kind: 'proved', endpoint: a, by: 'account' })
  })

  it('is only a claim without a proof, also for an account of another hall', () => {
    expect(ask({ wantedId: 'EP_a' })).toEqual({ kind: 'claimed', endpoint: a })
    expect(ask({ wantedId: 'EP_a', accountHallId: 'HA_b' })).toEqual({ kind: 'claimed', endpoint: a })
    expect(ask({ wantedId: 'EP_a', deviceHallIds: new Set(['HA_b']) })).toEqual({
      kind: 'claimed',
      endpoint: a,
    })
  })

  it('is proved by its code, whatever was chosen; by device, by moderator', () => {
    expect(ask({ wantedId: 'EP_a', byCode: b })).toEqual({ kind: 'proved', endpoint: b, by: 'code' })
    expect(ask({ wantedId: 'EP_a', deviceHallIds: new Set(['HA_a']) })).toMatchObject({ by: 'device' })
    expect(ask({ wantedId: 'EP_a', isModerator: true })).toMatchObject({ kind: 'proved', by: 'moderator' })
    const confirmed = { endpointId: 'EP_a', isConfirmed: true }
    expect(ask({ wantedId: 'EP_a', claim: confirmed })).toMatchObject({ kind: 'proved', by: 'moderator' })
  })

  it('is not what the moderator did not confirm, and confirming one hall confirms no other', () => {
    expect(ask({ wantedId: 'EP_a', claim: { endpointId: 'EP_a', isConfirmed: false } })).toMatchObject({
      kind: 'refused',
    })
    expect(ask({ wantedId: 'EP_b', claim: { endpointId: 'EP_a', isConfirmed: true } })).toMatchObject({
      kind: 'claimed',
    })
  })

  it('stays what the old code proved after that was changed, whatever was chosen; without a code nothing is said', () => {
    const before = { endpointId: 'EP_a', endpointBy: 'code' }
    const proved = { kind: 'proved', endpoint: a, by: 'code' }
    expect(ask({ typedHallCode: true, before })).toEqual(proved)
    expect(ask({ typedHallCode: true, before, wantedId: 'EP_b' })).toEqual(proved)
    expect(ask({ before })).toEqual({ kind: 'none' })
    expect(ask({ typedHallCode: true })).toEqual({ kind: 'none' })
    expect(ask({ typedHallCode: true, before: { ...before, endpointBy: 'account' } })).toEqual({
      kind: 'none',
    })
    expect(ask({ typedHallCode: true, before, byCode: b })).toMatchObject({ endpoint: b })
  })

  it('stays proved through a reconnection, but not when it came by an account that has it no more', () => {
    const before = { endpointId: 'EP_a', endpointBy: 'code' }
    expect(ask({ wantedId: 'EP_a', before })).toMatchObject({ kind: 'proved', by: 'code' })
    expect(ask({ wantedId: 'EP_b', before })).toMatchObject({ kind: 'claimed' })
    expect(ask({ wantedId: 'EP_a', before: { ...before, endpointBy: 'account' } })).toMatchObject({
      kind: 'claimed',
    })
  })
})
