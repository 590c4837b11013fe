/** Two chairs and a secretary press at once, each by what their own screen showed a moment ago. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  emptySpeakingList,
  floorModes,
  type SpeakingList,
  speakerKey,
  waitingTurns,
} from './speaking-list.ts'
import { decide, type NewTurn, type SpeakingAct } from './speaking-machine.ts'

interface Press {
  /** Whose screen it is; each shows the list as it was some presses ago. */
  who: number
  what:
    | 'add'
    | 'remove'
    | 'move'
    | 'postpone'
    | 'resume'
    | 'call_next'
    | 'call'
    | 'end'
    | 'undo'
    | 'next'
    | 'extend'
    | 'mode'
    | 'rules'
  pick: number
  other: number
}

const press: fc.Arbitrary<Press> = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom(
    ...([
      'add',
      'remove',
      'move',
      'postpone',
      'resume',
      'call_next',
      'call',
      'end',
      'undo',
      'next',
      'extend',
      'mode',
      'rules',
    ] as const),
    // What is pressed most.
    ...(['add', 'add', 'move', 'call_next', 'call_next', 'undo', 'end'] as const),
  ),
  pick: fc.nat(40),
  other: fc.nat(40),
})

const one = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]

/** What this press means on that screen. */
function actOf(screen: SpeakingList, { what, pick, other }: Press, fresh: NewTurn): SpeakingAct | null {
  const speaking = screen.turns.filter(turn => turn.status === 'speaking').map(({ id }) => id)
  const waiting = waitingTurns(screen.turns)
  const any = one(screen.turns, pick)?.id
  const waits = one(waiting, pick)?.id
  const speaks = one(speaking, pick)
  switch (what) {
    case 'add':
      return { type: 'add', turn: fresh }
    case 'remove':
      return any ? { type: 'remove', turnId: any } : null
    case 'move':
      return waits
        ? { type: 'move', turnId: waits, beforeId: one([...waiting, null], other)?.id ?? null }
        : null
    case 'postpone':
    case 'resume':
      return any ? { type: 'postpone', turnId: any, isPostponed: what === 'postpone' } : null
    case 'call_next':
      return waiting[0] ? { type: 'call', turnId: waiting[0].id, speaking } : null
    case 'call':
      return any ? { type: 'call', turnId: any, speaking } : null
    case 'end':
      return speaks ? { type: 'end', turnId: speaks } : null
    case 'undo':
      return screen.lastCall ? { type: 'undo_call', turnId: screen.lastCall.turnId } : null
    case 'next':
      return { type: 'name_next', turnId: waits ?? null }
    case 'extend':
      return speaks ? { type: 'extend', turnId: speaks, seconds: 60 } : null
    case 'mode':
      return { type: 'set_mode', mode: floorModes[pick % 3]! }
    case 'rules':
      return { type: 'set_rules', isUnspokenFirst: pick % 2 === 0 }
  }
}

const order = (list: SpeakingList) => waitingTurns(list.turns).map(({ id }) => id)

/** What holds of every list, whatever was pressed. */
function checkList(list: SpeakingList): void {
  const ids = list.turns.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const speaking = list.turns.filter(turn => turn.status === 'speaking')
  if (list.mode === 'one') expect(speaking.length).toBeLessThanOrEqual(1)
  const ranks = waitingTurns(list.turns).map(({ rank }) => rank)
  expect(new Set(ranks).size).toBe(ranks.length)
  if (list.nextId !== null) expect(order(list)).toContain(list.nextId)
  for (const turn of list.turns) {
    expect(turn.startedAt !== null && turn.endedAt === null).toBe(turn.status === 'speaking')
    if (turn.status === 'spoken') continue
    const speeches = list.turns.filter(
      known => known.status === 'spoken' && speakerKey(known) === speakerKey(turn),
    )
    expect(turn.spokenBefore).toBe(speeches.length)
  }
  if (list.lastCall) expect(speaking.map(({ id }) => id)).toContain(list.lastCall.turnId)
}

it('has one speaker where it is one at a time, loses nobody and no order, and does nothing twice', () => {
  fc.assert(
    fc.property(fc.array(press, { maxLength: 80 }), fc.boolean(), (presses, isOne) => {
      let list: SpeakingList = { ...emptySpeakingList, mode: isOne ? 'one' : 'several' }
      const screens = [list, list, list]
      const there = new Set<string>()
      presses.forEach((next, n) => {
        const identity = `user:${next.pick % 6}`
        const fresh: NewTurn = {
          ...{ id: `SP_${n}`, identity, name: identity, unit: '', topic: '' },
          ...{ isFromHand: false, addedBy: '', at: new Date(n * 1000).toISOString() },
        }
        const act = actOf(screens[next.who]!, next, fresh)
        const now = new Date(n * 1000).toISOString()
        if (act) {
          const before = list
          const outcome = decide(before, act, now)
          if (outcome.ok) {
            list = outcome.list
            checkList(list)
            if (act.type === 'remove') there.delete(act.turnId)
            for (const { id } of list.turns) there.add(id)
            // Nobody is lost but by being removed.
            expect(list.turns.map(({ id }) => id).sort()).toEqual([...there].sort())
            // The others keep their order, unless the rule is that some go first.
            const moved = new Set('turnId' in act ? [act.turnId] : [])
            const stays = (id: string) =>
              !moved.has(id) && order(before).includes(id) && order(list).includes(id)
            if (!list.isUnspokenFirst && act.type !== 'undo_call')
              expect(order(list).filter(stays)).toEqual(order(before).filter(stays))
            // The same press once more, of the same hand or another, does no more.
            const again = decide(list, act, now)
            if (again.ok && act.type !== 'extend' && act.type !== 'add') {
              expect(order(again.list)).toEqual(order(list))
              expect(again.list.turns.map(t => t.status)).toEqual(list.turns.map(t => t.status))
            }
            // A call that is taken back at once leaves everything as it was.
            if (act.type === 'call' && list !== before) {
              const back = decide(list, { type: 'undo_call', turnId: act.turnId }, now)
              expect(back.ok && order(back.list)).toEqual(order(before))
              expect(back.ok && back.list.turns.map(t => t.status)).toEqual(before.turns.map(t => t.status))
            }
          }
        }
        // One screen sees it at once, the others now and then.
        screens[next.who] = list
        if (next.other % 3 === 0) screens[next.other % 2] = list
      })
    }),
    { numRuns: 500 },
  )
})
