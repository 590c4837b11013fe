import { describe, expect, it } from 'vitest'
import { chatFaults, handFaults, lineOf, logFaults, screenFaults, settingFaults } from './compare-floor.ts'
import type { Outcome, Sent } from './ledger.ts'

const letters: Record<string, Outcome> = { a: 'acked', r: 'refused', o: 'open' }
/** `a`: acknowledged, `r`: refused, `o`: open; values from `of`. */
const sent = <Value>(outcomes: string, of: (index: number) => Value): Sent<Value>[] =>
  [...outcomes].map((letter, index) => ({ value: of(index), outcome: letters[letter]! }))
const numbers = (outcomes: string) => sent(outcomes, index => index + 1)
const rows = (...list: [string, number][]) =>
  list.map(([identity, number], index) => ({ id: `M${index}`, identity, text: lineOf(number) }))

describe('chat', () => {
  it('is whole when each acknowledged message is there once, in the order of its sender', () => {
    const all = new Map([
      ['an', numbers('aaa')],
      ['binh', numbers('aa')],
    ])
    expect(chatFaults(all, rows(['binh', 1], ['an', 1], ['an', 2], ['binh', 2], ['an', 3]))).toEqual([])
  })
  it.each(['r', 'o'])('may have a message that was answered %s, or not', letter => {
    const all = new Map([['an', numbers(`a${letter}a`)]])
    expect(chatFaults(all, rows(['an', 1], ['an', 3]))).toEqual([])
    expect(chatFaults(all, rows(['an', 1], ['an', 2], ['an', 3]))).toEqual([])
    // Also late: nobody was told that it is done.
    expect(chatFaults(all, rows(['an', 1], ['an', 3], ['an', 2]))).toEqual([])
  })
  it('names what was acknowledged and is missing', () => {
    expect(chatFaults(new Map([['an', numbers('aaa')]]), rows(['an', 1], ['an', 3]))).toEqual([
      'chat: an 2 was acknowledged and is not there',
    ])
  })
  it.each(['a', 'r', 'o'])('names what is there twice, answered %s', letter => {
    const all = new Map([['an', numbers(`a${letter}`)]])
    expect(chatFaults(all, rows(['an', 1], ['an', 2], ['an', 2]))).toEqual(['chat: an 2 is there 2 times'])
  })
  it('names acknowledged messages in another order than they were sent in', () => {
    expect(chatFaults(new Map([['an', numbers('aaa')]]), rows(['an', 1], ['an', 3], ['an', 2]))).toEqual([
      'chat: an 2 stands after 3',
    ])
  })
  it('names what nobody sent', () => {
    const all = new Map([['an', numbers('a')]])
    expect(chatFaults(all, rows(['an', 1], ['an', 7]))).toEqual([`chat: an never sent "${lineOf(7)}"`])
    expect(chatFaults(all, rows(['an', 1], ['chi', 1], ['chi', 2]))).toEqual([
      'chat: 2 of chi, who sent nothing',
    ])
  })
  it('does not take one person’s message for that of another', () => {
    const all = new Map([
      ['an', numbers('a')],
      ['binh', numbers('a')],
    ])
    expect(chatFaults(all, rows(['an', 1], ['an', 1]))).toEqual([
      'chat: an 1 is there 2 times',
      'chat: binh 1 was acknowledged and is not there',
    ])
  })
})

describe('a setting', () => {
  const values = (outcomes: string) => sent(outcomes, index => `v${index}`)
  it.each([
    ['', 'v', []],
    ['a', 'v0', []],
    ['a', 'v', ['is v, acknowledged was v0']],
    ['aa', 'v1', []],
    ['aa', 'v0', ['is v0, acknowledged was v1']],
    ['ar', 'v0', []],
    ['ar', 'v1', []],
    ['aro', 'v2', []],
    ['aro', 'v1', []],
    ['aro', 'v', ['is v, acknowledged was v0 or v1 or v2']],
    // What was acknowledged later settles it.
    ['ara', 'v1', ['is v1, acknowledged was v2']],
    ['r', 'v', []],
    ['r', 'v0', []],
    ['r', 'x', ['is x, acknowledged was v or v0']],
  ])('sent %j may be %s: %j', (outcomes, actual, faults) => {
    expect(settingFaults('lock', values(outcomes), 'v', actual)).toEqual(faults.map(line => `lock: ${line}`))
  })
  it('knows nobody from somebody', () => {
    const spotlight: Sent<string | null>[] = [{ value: null, outcome: 'acked' }]
    expect(settingFaults('spotlight', spotlight, 'an', null)).toEqual([])
    expect(settingFaults('spotlight', spotlight, 'an', 'an')).toEqual([
      'spotlight: is an, acknowledged was null',
    ])
  })
})

describe('a hand', () => {
  const turns = (outcomes: string) => sent(outcomes, index => index % 2 === 0)
  const [up, down] = ['hand_raised', 'hand_lowered']
  it.each([
    ['', [], []],
    ['aa', [up, down], []],
    ['aaa', [up, down, up], []],
    ['aa', [up], ['hand_lowered 0 times, acknowledged 1 times']],
    [
      'aaaa',
      [up, down],
      ['hand_raised 1 times, acknowledged 2 times', 'hand_lowered 1 times, acknowledged 2 times'],
    ],
    // What was refused may have happened, and what follows is then a change or none.
    ['ra', [], []],
    ['ra', [up, down], []],
    ['ara', [up], []],
    ['ara', [up, down, up], []],
    ['aa', [up, up, down], ['hand_raised twice in a row', 'hand_raised 2 times, asked for 1 times']],
    ['aa', [down, up], ['hand_lowered twice in a row']],
    ['o', [up, down], ['hand_lowered 1 times, asked for 0 times']],
  ])('sent %j and told %j: %j', (outcomes, events, faults) => {
    expect(handFaults('an', turns(outcomes), events)).toEqual(faults.map(line => `hand: an ${line}`))
  })
  it('is told among other things', () => {
    expect(handFaults('an', turns('aa'), ['spotlighted', up, 'muted_by_chair', down])).toEqual([])
  })
})

describe('the log of events', () => {
  const entry = (seq: number, type: string, about = '') => ({ seq, type, about })
  const log = [
    entry(1, 'chat_sent', 'M1'),
    entry(2, 'hand_raised', 'an'),
    entry(3, 'chat_sent', 'M2'),
    entry(4, 'hand_raised', 'binh'),
    entry(5, 'hand_lowered', 'an'),
  ]
  it('tells what the tables hold', () => {
    expect(logFaults(log, 5, ['M1', 'M2'], ['binh'])).toEqual([])
    expect(logFaults([], 0, [], [])).toEqual([])
  })
  it('has no hole, nothing twice and nothing behind its end', () => {
    expect(logFaults(log.toSpliced(1, 1), 5, ['M1', 'M2'], ['binh'])[0]).toBe(
      'events: 3 stands where 2 should',
    )
    expect(logFaults(log.toSpliced(4, 1), 5, ['M1', 'M2'], ['an', 'binh'])).toEqual([
      'events: 4, the meeting counts 5',
    ])
    expect(logFaults([...log, entry(5, 'locked')], 5, ['M1', 'M2'], ['binh'])[0]).toBe(
      'events: 5 stands where 6 should',
    )
  })
  it.each([[['M1']], [['M1', 'M2', 'M3']], [['M2', 'M1']]])(
    'does not agree with the messages %j',
    messages => {
      expect(logFaults(log, 5, messages, ['binh'])).toHaveLength(1)
    },
  )
  it.each([[[]], [['an']], [['an', 'binh']]])('does not agree with the hands %j', hands => {
    expect(logFaults(log, 5, ['M1', 'M2'], hands)).toHaveLength(1)
  })
})

describe('a screen', () => {
  const ids = Array.from({ length: 400 }, (_, index) => `M${index}`)
  it('has the newest messages, however many more than every newcomer gets', () => {
    for (const count of [300, 301, 400]) expect(screenFaults('an', ids.slice(-count), ids)).toEqual([])
    expect(screenFaults('an', ids.slice(0, 5), ids.slice(0, 5))).toEqual([])
    expect(screenFaults('an', [], [])).toEqual([])
  })
  it('lacks nothing, has nothing twice, and nothing in another place', () => {
    expect(screenFaults('an', ids.slice(-299), ids)).toEqual(['screen: an has 299 messages, 400 are there'])
    expect(screenFaults('an', ids.toSpliced(200, 1), ids)).toEqual(['screen: an has M0 where M1 should be'])
    expect(screenFaults('an', ids.toSpliced(200, 0, 'M200'), ids)).toHaveLength(1)
    expect(screenFaults('an', [...ids.slice(0, -2), 'M399', 'M398'], ids)).toEqual([
      'screen: an has M399 where M398 should be',
    ])
  })
})
