import { describe, expect, it } from 'vitest'
import { droppedShare, FloodEvidence } from './flood-evidence.ts'

/** Packets until it is decided, one after another, lost as `isLost` says. */
function decide(isLost: (n: number) => boolean): { verdict: string; packets: number; share: number } {
  const evidence = new FloodEvidence()
  for (let n = 0; n < 10_000; n++) {
    const verdict = evidence.add(1, isLost(n) ? 1 : 0)
    if (verdict !== 'unknown') return { verdict, packets: n + 1, share: evidence.share }
  }
  return { verdict: 'unknown', packets: 10_000, share: evidence.share }
}

describe('the evidence of a flood', () => {
  it('knows a link that drops most of what it gets after a few packets', () => {
    const { verdict, packets, share } = decide(n => n % 8 !== 0)
    expect(verdict).toBe('flood')
    expect(packets).toBeLessThan(10)
    expect(share).toBeGreaterThan(0.7)
  })

  it('knows a link that drops a quarter within a second of sound and a small picture', () => {
    const { verdict, packets } = decide(n => n % 4 === 0)
    expect(verdict).toBe('flood')
    expect(packets).toBeLessThan(75)
  })

  it('leaves a poor link alone', () => {
    expect(decide(n => n % 12 === 0)).toMatchObject({ verdict: 'calm' })
    expect(decide(() => false)).toMatchObject({ verdict: 'calm', packets: 8, share: 0 })
  })

  it('takes a poor link for a flood in less than one look of a hundred', () => {
    let seed = 7
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return seed / 0x7fffffff
    }
    let floods = 0
    for (let look = 0; look < 2_000; look++)
      if (decide(() => random() < 0.08).verdict === 'flood') floods += 1
    expect(floods).toBeLessThan(20)
  })

  it('counts packets found lost without any sent beside them', () => {
    const evidence = new FloodEvidence()
    expect(evidence.add(0, 6)).toBe('flood')
    expect(evidence.share).toBe(1)
  })
})

describe('the share that a flooded link drops', () => {
  const looked = { sent: 72, lost: 20, ms: 600 }

  it('is what is lost in the last moment, where as much is sent as before', () => {
    expect(droppedShare(looked, { sent: 24, lost: 21, ms: 200 })).toBeCloseTo(0.875)
    expect(droppedShare(looked, { sent: 40, lost: 10, ms: 200 })).toBe(0.25)
  })

  it('is not raised by a pause of the sender, in which the losses of its last burst are reported', () => {
    expect(droppedShare(looked, { sent: 16, lost: 13, ms: 200 })).toBeCloseTo(13 / 22)
    expect(droppedShare(looked, { sent: 0, lost: 30, ms: 200 })).toBe(1)
  })
})
