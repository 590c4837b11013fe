import { describe, expect, it } from 'vitest'
import {
  emptySpeakingList,
  nextTurn,
  type SpeakingList,
  speakingTurns,
  waitingTurns,
} from './speaking-list.ts'
import { decide, type NewTurn, type SpeakingAct } from './speaking-machine.ts'

const start = Date.parse('2026-12-01T07:00:00.000Z')
/** Seconds into the sitting. */
const at = (s: number) => new Date(start + s * 1000).toISOString()
const turn = (id: string, more: Partial<NewTurn> = {}): NewTurn => ({
  id,
  identity: `user:${id}`,
  name: `Hội trường ${id}`,
  unit: 'UBND xã',
  topic: '',
  isFromHand: true,
  addedBy: '',
  at: at(0),
  ...more,
})
function act(list: SpeakingList, next: SpeakingAct, s = 0): SpeakingList {
  const outcome = decide(list, next, at(s))
  if (!outcome.ok) throw new Error(outcome.code)
  return outcome.list
}
const codeOf = (list: SpeakingList, next: SpeakingAct) => {
  const outcome = decide(list, next, at(0))
  return outcome.ok ? 'ok' : outcome.code
}
const listOf = (ids: string, over: Partial<SpeakingList> = {}) =>
  [...ids].reduce<SpeakingList>((list, id) => act(list, { type: 'add', turn: turn(id) }), {
    ...emptySpeakingList,
    mode: 'one',
    ...over,
  })
const order = (list: SpeakingList) =>
  waitingTurns(list.turns)
    .map(({ id }) => id)
    .join('')
const speaking = (list: SpeakingList) =>
  speakingTurns(list.turns)
    .map(({ id }) => id)
    .join('')
const call = (turnId: string, ...seen: string[]): SpeakingAct => ({ type: 'call', turnId, speaking: seen })

describe('the order', () => {
  it('is that of asking, until a moderator moves somebody', () => {
    const list = listOf('ABCD')
    expect(order(list)).toBe('ABCD')
    const first = act(list, { type: 'move', turnId: 'D', beforeId: 'A' })
    expect(order(first)).toBe('DABC')
    expect(order(act(first, { type: 'move', turnId: 'A', beforeId: null }))).toBe('DBCA')
    expect(act(first, { type: 'move', turnId: 'D', beforeId: 'A' })).toBe(first)
  })

  it('holds through a thousand moves to the front', () => {
    let list = listOf('ABC')
    for (let n = 0; n < 1000; n++) {
      const waiting = waitingTurns(list.turns)
      list = act(list, { type: 'move', turnId: waiting[2]!.id, beforeId: waiting[0]!.id })
    }
    // A turn of three by one place a thousand times is one place.
    expect(order(list)).toBe('CAB')
  })

  it('leaves out who is postponed, and takes them back at the end', () => {
    const list = act(listOf('ABC'), { type: 'postpone', turnId: 'A', isPostponed: true })
    expect(order(list)).toBe('BC')
    expect(order(act(list, { type: 'postpone', turnId: 'A', isPostponed: false }))).toBe('BCA')
  })

  it('lets whoever has not spoken go first where that is wanted', () => {
    let list = act(act(listOf('AB'), call('A')), { type: 'end', turnId: 'A' })
    list = act(list, { type: 'add', turn: turn('A2', { identity: 'user:A' }) })
    list = act(list, { type: 'add', turn: turn('C') })
    expect(order(list)).toBe('BA2C')
    expect(list.turns.find(one => one.id === 'A2')?.spokenBefore).toBe(1)
    list = act(list, { type: 'set_rules', isUnspokenFirst: true })
    expect(order(list)).toBe('BCA2')
    expect(order(act(list, { type: 'add', turn: turn('D') }))).toBe('BCDA2')
    // What a moderator does by hand holds all the same.
    expect(order(act(list, { type: 'move', turnId: 'A2', beforeId: 'B' }))).toBe('A2BC')
  })

  it('has one entry for one wish, and several for the voters of one hall', () => {
    const list = act(listOf('A'), { type: 'add', turn: turn('again', { ...turn('A'), id: 'again' }) })
    expect(order(list)).toBe('A')
    const topic = act(list, { type: 'add', turn: { ...turn('A'), id: 'again', topic: 'Đường liên xã' } })
    expect(topic.turns).toMatchObject([{ id: 'A', topic: 'Đường liên xã' }])
    const voter = { ...turn('V'), identity: 'user:A', name: 'Ông Bàn Văn Lý' }
    expect(order(act(topic, { type: 'add', turn: voter }))).toBe('AV')
  })
})

describe('a call', () => {
  it('gives the floor to one, starts the clock, and names the next', () => {
    const list = act(listOf('ABC', { limitS: 180 }), call('A'), 10)
    expect(speaking(list)).toBe('A')
    expect(list.turns[0]).toMatchObject({ startedAt: at(10), untilAt: at(190), status: 'speaking' })
    expect(nextTurn(list)?.id).toBe('B')
    const named = act(list, { type: 'name_next', turnId: 'C' })
    expect(nextTurn(named)?.id).toBe('C')
    const called = act(named, call('C', 'A'), 60)
    expect(speaking(called)).toBe('C')
    expect(called.turns[0]).toMatchObject({ status: 'spoken', endedAt: at(60) })
    expect(nextTurn(called)?.id).toBe('B')
  })

  it('pressed by two is one call, and one that was overtaken is refused', () => {
    const list = act(listOf('ABC'), call('A'))
    expect(act(list, call('A'))).toBe(list)
    expect(codeOf(list, call('B'))).toBe('floor_moved')
    expect(codeOf(list, call('B', 'A'))).toBe('ok')
    expect(codeOf(list, call('X', 'A'))).toBe('not_found')
  })

  it('of several at a time ends nobody', () => {
    const list = act(act(listOf('AB', { mode: 'several' }), call('A')), call('B'), 5)
    expect(speaking(list)).toBe('AB')
    expect(speaking(act(list, { type: 'set_mode', mode: 'one' }))).toBe('B')
  })

  it('can be taken back at once: everybody is where they were, with the time that was left', () => {
    const before = act(listOf('ABC', { limitS: 60, isUnspokenFirst: true }), call('A'), 0)
    const wrong = act(before, call('C', 'A'), 20)
    const back = act(wrong, { type: 'undo_call', turnId: 'C' }, 25)
    expect(speaking(back)).toBe('A')
    expect(order(back)).toBe('BC')
    expect(back.turns[0]).toMatchObject({ startedAt: at(0), untilAt: at(65), endedAt: null })
    expect(codeOf(back, { type: 'undo_call', turnId: 'C' })).toBe('floor_moved')
    const over = act(wrong, { type: 'end', turnId: 'C' })
    expect(codeOf(over, { type: 'undo_call', turnId: 'C' })).toBe('floor_moved')
  })

  it('may bring back whoever was ended too early, counted once', () => {
    let list = act(act(listOf('A'), call('A')), { type: 'end', turnId: 'A' }, 5)
    list = act(act(list, call('A'), 10), { type: 'end', turnId: 'A' }, 20)
    expect(act(list, { type: 'add', turn: turn('A') }).turns.at(-1)).toMatchObject({ spokenBefore: 1 })
  })
})

describe('the clock', () => {
  it('is extended from its end, and from now once it is over', () => {
    const list = act(listOf('A', { limitS: 60 }), call('A'))
    const more = (s: number) => act(list, { type: 'extend', turnId: 'A', seconds: 60 }, s).turns[0]?.untilAt
    expect(more(10)).toBe(at(120))
    expect(more(100)).toBe(at(160))
  })

  it('has no end without a limit', () => {
    expect(act(listOf('A', { limitS: 0 }), call('A')).turns[0]?.untilAt).toBeNull()
  })
})

describe('what cannot be', () => {
  it('is refused and changes nothing', () => {
    const list = act(listOf('AB'), call('A'))
    expect(codeOf(list, { type: 'remove', turnId: 'A' })).toBe('floor_moved')
    expect(codeOf(list, { type: 'move', turnId: 'A', beforeId: 'B' })).toBe('floor_moved')
    expect(codeOf(list, { type: 'end', turnId: 'B' })).toBe('floor_moved')
    expect(codeOf(list, { type: 'name_next', turnId: 'A' })).toBe('floor_moved')
    expect(codeOf(list, { type: 'extend', turnId: 'B', seconds: 60 })).toBe('floor_moved')
  })
})
