import { describe, expect, it } from 'vitest'
import { HOLD_MS, VoiceSelection } from './voice-selection.ts'

const LOUD = -25
const LOW = -45

/** Microphones by number, with the clock in its own hands. */
class Hall {
  readonly selection: VoiceSelection<number>
  now = 0
  constructor(most: number, microphones: number) {
    this.selection = new VoiceSelection<number>(most)
    for (let key = 0; key < microphones; key++) this.selection.add(key, true, false, this.now)
  }
  get heard(): number[] {
    return this.selection.heard().toSorted((a, b) => a - b)
  }
  pass(ms: number): this {
    this.now += ms
    return this
  }
  hear(...levels: [number, number][]): ReadonlyMap<number, boolean> {
    return this.selection.hear(levels, this.now)
  }
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('microphones of a room', () => {
  it('are all heard while there are no more than may be, whatever they do', () => {
    const hall = new Hall(8, 8)
    for (const key of range(8)) {
      hall.pass(300)
      expect(hall.hear([key, LOUD]).size).toBe(0)
      expect(hall.selection.setOpen(key, false, hall.now).size).toBe(0)
    }
    expect(hall.pass(60_000).heard).toEqual(range(8))
  })

  it('are heard as soon as they are the only ones loud, at the first report', () => {
    const hall = new Hall(8, 200).pass(HOLD_MS)
    expect(hall.heard).toEqual(range(8))
    expect(hall.hear([150, LOW])).toEqual(
      new Map([
        [0, false],
        [150, true],
      ]),
    )
  })

  it('lose their place to a louder one only if they are quieter by far, and have had it for a while', () => {
    const hall = new Hall(2, 3)
    expect(hall.hear([0, LOUD], [1, LOW], [2, LOUD]).size).toBe(0)
    hall.pass(HOLD_MS)
    expect(hall.hear([0, LOUD], [1, LOW], [2, LOW + 5]).size).toBe(0)
    expect(hall.hear([0, LOUD], [1, LOW], [2, LOW + 6])).toEqual(
      new Map([
        [1, false],
        [2, true],
      ]),
    )
    // The one that was put out is loud at once, and waits until the other's time is over.
    expect(hall.pass(100).hear([0, -10], [1, -10], [2, LOW]).size).toBe(0)
  })

  it('keep their place over a pause in what they say', () => {
    const hall = new Hall(1, 2).pass(HOLD_MS)
    hall.hear([0, LOUD])
    expect(hall.pass(600).hear([1, LOW + 5]).size).toBe(0)
    expect(hall.pass(2_000).hear([1, LOW + 5]).size).toBe(2)
  })

  it('lose it first when they are closed, then when they have been silent longest', () => {
    const hall = new Hall(3, 6).pass(HOLD_MS)
    hall.hear([2, LOUD])
    hall.pass(100).hear([0, LOUD])
    hall.pass(100).selection.setOpen(1, false, hall.now)
    hall.pass(10_000)
    expect(hall.hear([3, LOUD]).get(1)).toBe(false)
    expect(hall.hear([4, LOUD]).get(2)).toBe(false)
    expect(hall.hear([5, LOUD]).get(0)).toBe(false)
    expect(hall.heard).toEqual([3, 4, 5])
  })

  it('are let in when they open, though nobody has heard them yet', () => {
    const hall = new Hall(2, 2)
    hall.selection.add(2, false, false, hall.pass(HOLD_MS).now)
    expect(hall.heard).toEqual([0, 1])
    hall.hear([1, LOUD])
    expect(hall.selection.setOpen(2, true, hall.now)).toEqual(
      new Map([
        [0, false],
        [2, true],
      ]),
    )
    // Published open is opened, too.
    hall.hear([2, LOUD])
    hall.pass(HOLD_MS).hear([2, LOUD])
    expect(hall.selection.add(3, true, false, hall.now).get(3)).toBe(true)
  })

  it('do not cut anybody off who is speaking when they open', () => {
    const hall = new Hall(2, 3).pass(HOLD_MS)
    hall.selection.setOpen(2, false, hall.now)
    hall.hear([0, LOUD], [1, LOW])
    expect(hall.selection.setOpen(2, true, hall.now).size).toBe(0)
    expect(hall.heard).toEqual([0, 1])
  })

  it('take the place of one that is gone, the loudest first', () => {
    const hall = new Hall(2, 5).hear([0, LOUD], [1, LOUD], [3, LOW], [4, LOW - 5])
    expect(hall.size).toBe(0)
    const { selection } = new Hall(2, 0)
    for (const key of range(5)) selection.add(key, true, false, 0)
    selection.hear([[3, LOW]], 0)
    expect(selection.remove(0, 10)).toEqual(new Map([[3, true]]))
  })
})

describe('who has the floor', () => {
  it('is heard at once beside the others, silent or not, for as long as it is so', () => {
    const hall = new Hall(2, 4)
    expect(hall.selection.setFloor(3, true, hall.now)).toEqual(new Map([[3, true]]))
    hall.pass(60_000).hear([2, LOUD])
    hall.pass(HOLD_MS).hear([1, LOUD], [2, LOUD])
    expect(hall.heard).toEqual([1, 2, 3])
    // Silent for a minute, it is the first to go.
    expect(hall.selection.setFloor(3, false, hall.now)).toEqual(new Map([[3, false]]))
  })

  it('leaves its place to another one', () => {
    const hall = new Hall(2, 3)
    expect(hall.selection.setFloor(0, true, hall.now)).toEqual(new Map([[2, true]]))
  })

  it('may come with the microphone', () => {
    const hall = new Hall(1, 1)
    expect(hall.selection.add(9, false, true, hall.now)).toEqual(new Map([[9, true]]))
  })
})

/** Numbers that look like chance and are the same each time (mulberry32). */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe.each(range(20))('whatever happens (%i)', seed => {
  it('all places are taken, no more; none changes hands twice in its time; what was said of changes is so', () => {
    const next = chance(seed)
    const below = (count: number) => Math.floor(next() * count)
    const most = 1 + below(9)
    const selection = new VoiceSelection<number>(most)
    const present = new Map<number, { isOpen: boolean; floor: boolean }>()
    const told = new Set<number>()
    /** When somebody took a place from somebody else. */
    let swaps: number[] = []
    let now = 0
    for (let step = 0; step < 400; step++) {
      now += below(next() < 0.1 ? 5_000 : 120)
      const key = below(30)
      const one = present.get(key)
      const dice = next()
      let changed: ReadonlyMap<number, boolean>
      let isSwap = false
      if (!one) {
        const fresh = { isOpen: next() < 0.5, floor: next() < 0.05 }
        present.set(key, fresh)
        changed = selection.add(key, fresh.isOpen, fresh.floor, now)
        isSwap = true
      } else if (dice < 0.05) {
        present.delete(key)
        told.delete(key)
        changed = selection.remove(key, now)
      } else if (dice < 0.3) {
        one.isOpen = !one.isOpen
        changed = selection.setOpen(key, one.isOpen, now)
        isSwap = true
      } else if (dice < 0.35) {
        one.floor = !one.floor
        changed = selection.setFloor(key, one.floor, now)
      } else {
        const levels = range(30)
          .filter(() => next() < 0.3)
          .map(heard => [heard, -60 + below(55)] as const)
        changed = selection.hear(levels, now)
        isSwap = true
      }
      const out = [...changed].filter(([, isIn]) => !isIn)
      if (isSwap) swaps.push(...out.map(() => now))
      for (const [who, isIn] of changed) {
        if (told.has(who) === isIn) expect.fail(`${who} was told the same twice`)
        if (isIn) told.add(who)
        else told.delete(who)
      }
      expect([selection.heard().length, selection.heard().every(who => told.has(who))]).toEqual([
        told.size,
        true,
      ])
      const holders = [...present].filter(([, { floor }]) => floor).map(([who]) => who)
      const seated = selection.heard().filter(who => !present.get(who)?.floor)
      expect(holders.every(who => selection.isIn(who))).toBe(true)
      expect(seated).toHaveLength(Math.min(most, present.size - holders.length))
      swaps = swaps.filter(at => now - at < HOLD_MS)
      expect(swaps.length).toBeLessThanOrEqual(most)
    }
    // All but as many as may be fall silent: after a while these are the ones heard.
    const speaking = [...present]
      .filter(([, { isOpen, floor }]) => isOpen && !floor)
      .slice(-most)
      .map(([who]) => who)
    for (let report = 0; report < 200; report++) {
      now += 63
      selection.hear(
        speaking.map(who => [who, LOUD] as const),
        now,
      )
    }
    for (const who of speaking) expect(selection.isIn(who)).toBe(true)
  })
})
