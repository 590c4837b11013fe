import { describe, expect, it } from 'vitest'
import type { Incarnation } from '../record/record-types.ts'
import { BeatWatch } from './beat-watch.ts'
import { Sureness, Vouches } from './sureness.ts'

const [a, b] = ['ND_a', 'ND_b'] as [Incarnation, Incarnation]

describe('who is sure', () => {
  const at = (monotonicMs: number, wallMs = monotonicMs) => ({ monotonicMs, wallMs })

  it('was counted less than 2 s ago, from when that was asked', () => {
    const sureness = new Sureness()
    expect(sureness.isSure(at(0))).toBe(false)
    sureness.counted(at(1_000))
    expect(sureness.isSure(at(2_999))).toBe(true)
    expect(sureness.isSure(at(3_000))).toBe(false)
    sureness.counted(at(500))
    expect(sureness.isSure(at(2_999))).toBe(true)
  })

  it('is nobody whose machine slept, nor whose clock says so', () => {
    const sureness = new Sureness()
    sureness.counted(at(1_000))
    expect(sureness.isSure(at(1_001, 61_001))).toBe(false)
    expect(sureness.isSure(at(1_001, -60_000))).toBe(true)
  })

  it('is not told so by a peer whose beat no longer counted it', () => {
    const vouches = new Vouches()
    vouches.counted(1_000, [a, b], new Map([[a, 4]]))
    expect(vouches.ageMs(a, 1_300)).toBe(300)
    expect(vouches.ageMs(b, 1_300)).toBeNull()
  })
})

describe('who has stopped', () => {
  const watching = () => {
    const watch = new BeatWatch()
    return (
      nowMs: number,
      counts: [Incarnation, number][],
      more: { era?: string; known?: Incarnation[] } = {},
    ) =>
      watch.note(
        { era: more.era ?? 'one', counts: new Map(counts), heard: [], known: more.known ?? [] },
        nowMs,
      ).overdue
  }
  /** A look each 500 ms from `fromMs` to `toMs`, answering the last. */
  const looks = (note: ReturnType<typeof watching>, fromMs: number, toMs: number, count: number) => {
    let last: ReturnType<typeof note> = []
    for (let ms = fromMs; ms <= toMs; ms += 500) last = note(ms, [[b, count]])
    return last
  }

  it('is overdue after 2.5 s without a change, and not before', () => {
    const note = watching()
    expect(looks(note, 0, 2_000, 7)).toEqual([])
    expect(note(2_500, [[b, 7]])).toEqual([{ inst: b, count: 7 }])
    expect(note(3_000, [[b, 8]])).toEqual([])
  })

  it('is counted anew after the watcher itself was away, and in another era', () => {
    const note = watching()
    looks(note, 0, 2_000, 7)
    expect(note(32_000, [[b, 7]])).toEqual([])
    expect(looks(note, 32_500, 34_000, 7)).toEqual([])
    expect(note(34_500, [[b, 7]], { era: 'two' })).toEqual([])
  })

  it('is also who is known and was never counted', () => {
    const note = watching()
    for (let ms = 0; ms < 2_500; ms += 500) expect(note(ms, [], { known: [b] })).toEqual([])
    expect(note(2_500, [], { known: [b] })).toEqual([{ inst: b, count: 0 }])
  })

  it('is known to be buried if a beat that heard it does not count it', () => {
    const watch = new BeatWatch()
    const { buried } = watch.note({ era: 'one', counts: new Map([[a, 1]]), heard: [a, b], known: [] }, 0)
    expect(buried).toEqual([b])
  })
})
