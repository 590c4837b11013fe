import type { Incarnation, ParticipantId } from '@diemcau/core/ids.ts'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { MemberCopies, type MemberCopy } from './member-copies.ts'

const [a, b] = ['ND_a', 'ND_b'] as [Incarnation, Incarnation]
const copy = (psid: string, epoch: number, version: number, owner = a): MemberCopy<string> => ({
  ...{ psid: psid as ParticipantId, identity: 'chair', epoch, version, owner },
  facts: `${psid} ${version}`,
})

describe('copies of members', () => {
  let copies: MemberCopies<string>
  beforeEach(() => {
    copies = new MemberCopies()
  })
  const facts = () => copies.list().map(({ facts }) => facts)

  it('take the newest version of the newest claim, in whatever order they come', () => {
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(true)
    expect(copies.apply(copy('PA_1', 5, 1))).toBe(false)
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(false)
    expect(copies.apply(copy('PA_2', 9, 0, b))).toBe(true)
    expect(copies.apply(copy('PA_1', 5, 3))).toBe(false)
    expect(facts()).toEqual(['PA_2 0'])
    expect(copies.highest('chair')).toBe(9)
  })

  it('do not go back to an older epoch of the same connection, whatever its version', () => {
    copies.apply(copy('PA_1', 9, 1))
    expect(copies.apply(copy('PA_1', 5, 7))).toBe(false)
    expect(facts()).toEqual(['PA_1 1'])
    expect(copies.get('chair')?.epoch).toBe(9)
  })

  it('drop who has lost the claim, before the winner is known', () => {
    copies.apply(copy('PA_1', 5, 1))
    copies.see('chair', 5)
    expect(facts()).toHaveLength(1)
    copies.see('chair', 6)
    expect(facts()).toEqual([])
    expect(copies.apply(copy('PA_1', 5, 9))).toBe(false)
  })

  it('bring nobody back who is gone, also when the news of the end comes first', () => {
    copies.apply(copy('PA_1', 5, 1))
    copies.gone(copy('PA_1', 5, 3))
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(false)
    expect(copies.apply(copy('PA_1', 5, 4))).toBe(false)
    copies.gone(copy('PA_2', 7, 1))
    expect(copies.apply(copy('PA_2', 7, 2))).toBe(false)
    expect(facts()).toEqual([])
    expect(copies.apply(copy('PA_3', 8, 1))).toBe(true)
    // An old end says nothing of the newest connection.
    copies.gone(copy('PA_2', 7, 9))
    expect(facts()).toEqual(['PA_3 1'])
  })

  it('take nothing from the buried', () => {
    copies.apply(copy('PA_1', 5, 1))
    copies.bury(a)
    expect(facts()).toEqual([])
    expect(copies.isBuried(a)).toBe(true)
    expect(copies.apply(copy('PA_3', 8, 1))).toBe(false)
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(false)
    expect(copies.apply(copy('PA_2', 6, 1, b))).toBe(true)
  })

  it('are out of sight while their owner is not heard, and come back as they were, not older', () => {
    copies.apply(copy('PA_1', 5, 3))
    copies.hide(a)
    expect(facts()).toEqual([])
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(false)
    expect(copies.apply(copy('PA_1', 5, 3))).toBe(true)
  })

  it('of whom an owner no longer names have left it, and nobody else has', () => {
    copies.apply(copy('PA_1', 5, 1))
    copies.apply({ ...copy('PA_2', 6, 1, b), identity: 'guest' })
    copies.apply({ ...copy('PA_3', 7, 1), identity: 'clerk' })
    copies.keepOnly(a, new Set(['PA_3']))
    expect(facts().sort()).toEqual(['PA_2 1', 'PA_3 1'])
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(false)
    expect(copies.highestOfAll).toBe(7)
  })

  it('out of sight whom an owner no longer names have left it, too: nothing it said before brings them back', () => {
    copies.apply(copy('PA_1', 5, 1))
    copies.hide(a)
    copies.keepOnly(a, new Set())
    expect(copies.apply(copy('PA_1', 5, 1))).toBe(false)
    expect(copies.apply(copy('PA_1', 5, 2))).toBe(false)
    expect(copies.apply(copy('PA_2', 6, 1))).toBe(true)
    copies.hide(a)
    copies.keepOnly(b, new Set())
    copies.keepOnly(a, new Set(['PA_2']))
    expect(copies.apply(copy('PA_2', 6, 1))).toBe(true)
  })

  it('yield to a claim of this node, which no other connection shares', () => {
    copies.apply(copy('PA_1', 5, 1))
    copies.claimHere('chair', 6)
    expect(facts()).toEqual([])
    expect(copies.apply(copy('PA_2', 6, 1))).toBe(false)
    expect(copies.apply(copy('PA_2', 7, 1))).toBe(true)
  })

  it('are the same whatever order the news came in, and do not go back on the way', () => {
    // Three connections of one identity, one after the other, each of three versions, the first two ended.
    const words = [1, 2, 3].flatMap(n => [
      ...[1, 2, 3].map(version => ({ is: 'member' as const, copy: copy(`PA_${n}`, n, version) })),
      ...(n < 3 ? [{ is: 'gone' as const, copy: copy(`PA_${n}`, n, 4) }] : []),
    ])
    const shuffled = fc.shuffledSubarray([...words, ...words], { minLength: words.length * 2 })
    fc.assert(
      fc.property(shuffled, order => {
        const some = new MemberCopies<string>()
        let last = { epoch: 0, version: 0 }
        for (const { is, copy: told } of order) {
          if (is === 'gone') some.gone(told)
          else some.apply(told)
          const now = some.get('chair')
          if (!now) continue
          const isOn = now.epoch > last.epoch || (now.epoch === last.epoch && now.version >= last.version)
          expect(isOn).toBe(true)
          last = now
        }
        expect(some.list()).toEqual([copy('PA_3', 3, 3)])
      }),
    )
  })
})
