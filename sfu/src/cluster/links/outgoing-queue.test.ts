import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameError, type Sequence } from './frame-codec.ts'
import { IncomingSequence } from './incoming-sequence.ts'
import { OutgoingQueue } from './outgoing-queue.ts'
import { ENTRY_BYTES } from './reliable-sequence.ts'

const text = (value: string) => new TextEncoder().encode(value)
const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const LIMITS = { unackedBytes: 1_000_000, unackedMs: 60_000, lossyBytes: 1_000 }
const counter = () => {
  let last = 0
  return () => ++last
}
const queueOf = (limits: Partial<typeof LIMITS> = {}) =>
  new OutgoingQueue({ ...LIMITS, ...limits }, counter())
/** All that waits, as `type number payload`. */
const drain = (queue: OutgoingQueue): string[] => {
  const seen: string[] = []
  for (let frame = queue.next(); frame !== undefined; frame = queue.next())
    seen.push(`${frame.type} ${frame.type === 'lossy' ? '-' : frame.number} ${read(frame.payload)}`)
  return seen
}

describe('OutgoingQueue', () => {
  test('facts go before data, data before what is lossy, each in order', () => {
    const queue = queueOf()
    queue.push('lossy', 6, text('l1'), 0)
    queue.push('data', 5, text('d1'), 0)
    queue.push('facts', 3, text('f1'), 0)
    queue.push('data', 5, text('d2'), 0)
    queue.push('latest', 8, text('s1'), 0, 'room')
    expect(drain(queue)).toEqual(['facts 1 f1', 'facts 2 s1', 'data 1 d1', 'data 2 d2', 'lossy - l1'])
  })

  test('what is latest replaces the waiting one of its kind and key, in its place', () => {
    const queue = queueOf()
    queue.push('latest', 12, text('a1'), 0, 'a')
    queue.push('latest', 12, text('b1'), 0, 'b')
    queue.push('latest', 13, text('other kind'), 0, 'a')
    queue.push('latest', 12, text('a2, longer'), 5, 'a')
    expect(queue.bytes).toBe('a2, longer'.length + 'b1'.length + 'other kind'.length + 3 * ENTRY_BYTES)
    expect(drain(queue)).toEqual(['facts 1 a2, longer', 'facts 2 b1', 'facts 3 other kind'])
    queue.push('latest', 12, text('a3'), 0, 'a')
    expect(drain(queue)).toEqual(['facts 4 a3'])
  })

  test('a latest one that was handed out keeps its number and content when it comes again', () => {
    const queue = queueOf()
    const { start } = queue.resume(null)
    queue.push('latest', 12, text('a1'), 0, 'a')
    drain(queue)
    queue.resume({ generation: start.generation, facts: 0, data: 0 })
    queue.push('latest', 12, text('a2'), 0, 'a')
    expect(drain(queue)).toEqual(['facts 1 a1', 'facts 2 a2'])
  })

  test('lossy messages over the bound are dropped, and none waits for another connection', () => {
    const queue = queueOf({ lossyBytes: 2 * (ENTRY_BYTES + 2) })
    expect(queue.push('lossy', 6, text('l1'), 0)).toBe(true)
    expect(queue.push('lossy', 6, text('l2'), 0)).toBe(true)
    expect(queue.push('lossy', 6, text('l3'), 0)).toBe(false)
    expect(queue.isLost).toBe(false)
    queue.resume(null)
    expect(queue.lossyBytes).toBe(0)
    expect(drain(queue)).toEqual([])
  })

  test('is lost at the bound of bytes, keeps nothing and takes nothing until it starts anew', () => {
    const queue = queueOf({ unackedBytes: 2 * (ENTRY_BYTES + 2) })
    const first = queue.resume(null)
    expect(queue.push('facts', 3, text('f1'), 0)).toBe(true)
    expect(queue.push('data', 5, text('d1'), 0)).toBe(true)
    expect(queue.push('facts', 3, text('f2'), 0)).toBe(false)
    expect([queue.isLost, queue.bytes]).toEqual([true, 0])
    expect(queue.push('facts', 3, text('f3'), 0)).toBe(false)
    const { start, isRestarted } = queue.resume({ generation: first.start.generation, facts: 0, data: 0 })
    expect(isRestarted).toBe(true)
    expect(start).toMatchObject({ isAnew: true, isDataLost: true })
    expect(start.generation).not.toBe(first.start.generation)
    expect(queue.push('facts', 3, text('anew'), 0)).toBe(true)
    expect(drain(queue)).toEqual(['facts 1 anew'])
  })

  test('says that no data is lost when only facts were', () => {
    const queue = queueOf({ unackedBytes: ENTRY_BYTES + 2 })
    queue.push('facts', 3, text('f1'), 0)
    queue.push('facts', 3, text('f2'), 0)
    expect(queue.resume(null).start).toMatchObject({ isAnew: true, isDataLost: false })
    queue.push('facts', 3, text('f3'), 0)
    queue.push('facts', 3, text('f4'), 0)
    queue.push('data', 5, text('refused while lost'), 0)
    expect(queue.resume(null).start).toMatchObject({ isDataLost: true })
  })

  test('a loss of data that the peer was never told of is told with the next start', () => {
    const queue = queueOf({ unackedBytes: ENTRY_BYTES + 2 })
    queue.push('data', 5, text('d1'), 0)
    queue.push('data', 5, text('d2'), 0)
    expect(queue.resume(null).start.isDataLost).toBe(true)
    // That connection broke before its start arrived; facts are lost next.
    queue.push('facts', 3, text('f1'), 0)
    queue.push('facts', 3, text('f2'), 0)
    const third = queue.resume(null).start
    expect(third.isDataLost).toBe(true)
    // This one arrived, so that the next loss, of facts, is only that.
    queue.resume({ generation: third.generation, facts: 0, data: 0 })
    queue.push('facts', 3, text('f3'), 0)
    queue.push('facts', 3, text('f4'), 0)
    expect(queue.resume({ generation: third.generation, facts: 0, data: 0 }).start.isDataLost).toBe(false)
  })

  test('is too old by the oldest that is not acknowledged, however often a latest one is replaced', () => {
    const queue = queueOf()
    expect(queue.isTooOld(1e9)).toBe(false)
    queue.push('latest', 12, text('a1'), 1_000, 'a')
    queue.push('latest', 12, text('a2'), 50_000, 'a')
    expect(queue.isTooOld(60_999)).toBe(false)
    expect(queue.isTooOld(61_000)).toBe(true)
    drain(queue)
    expect(queue.isTooOld(61_000)).toBe(true)
    queue.ack(1, 0)
    expect(queue.isTooOld(1e9)).toBe(false)
  })

  test('a peer that forgot what it once acknowledged makes it start anew', () => {
    const queue = queueOf()
    queue.resume(null)
    queue.push('facts', 3, text('f1'), 0)
    drain(queue)
    queue.ack(1, 0)
    expect(queue.resume(null)).toMatchObject({ isRestarted: true, start: { isDataLost: true } })
  })

  test('an acknowledgement of what was never sent is a fault of the peer', () => {
    const queue = queueOf()
    queue.push('facts', 3, text('f1'), 0)
    expect(() => queue.ack(1, 0)).toThrow(FrameError)
    queue.next()
    queue.ack(1, 0)
    queue.ack(0, 0)
    expect(() => queue.ack(1, 1)).toThrow(FrameError)
  })
})

describe('IncomingSequence', () => {
  const start = (generation: number, isAnew = false, isDataLost = false) =>
    ({ type: 'start', generation, isAnew, isDataLost }) as const

  test('takes nothing before the start, nor with one missing, and drops repeats', () => {
    const incoming = new IncomingSequence()
    expect(() => incoming.take('facts', 1)).toThrow(FrameError)
    expect(incoming.start(start(7))).toBeNull()
    expect(() => incoming.start(start(7))).toThrow(FrameError)
    expect([incoming.take('facts', 1), incoming.take('facts', 1), incoming.take('data', 1)]).toEqual([
      true,
      false,
      true,
    ])
    expect(() => incoming.take('facts', 3)).toThrow(FrameError)
    expect(incoming.had).toEqual({ generation: 7, facts: 1, data: 1 })
    incoming.disconnect()
    expect(() => incoming.take('facts', 2)).toThrow(FrameError)
    expect(incoming.start(start(7))).toBeNull()
    expect(incoming.take('facts', 2)).toBe(true)
  })

  test('tells that facts start anew with another generation, and from the first where one was lost before', () => {
    const incoming = new IncomingSequence()
    expect(incoming.start(start(7, true, true))).toEqual({ isDataLost: true })
    incoming.disconnect()
    expect(incoming.start(start(8, true, false))).toEqual({ isDataLost: false })
    expect(incoming.had).toEqual({ generation: 8, facts: 0, data: 0 })
  })
})

type Step =
  | { do: 'push'; way: 'facts' | 'data' | 'latest'; size: number; key: string }
  | { do: 'send' | 'deliver' | 'ack' | 'ackArrives'; count: number }
  | { do: 'break'; late: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      way: fc.constantFrom('facts', 'data', 'latest'),
      size: fc.integer({ min: 0, max: 120 }),
      key: fc.constantFrom('a', 'b'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('send', 'deliver', 'ack', 'ackArrives'),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('break' as const), late: fc.integer({ min: 0, max: 3 }) }),
  },
)

/**
 * Sender and receiver with a connection that holds what is on its way and may break at any step. `late` frames still arrive after the
 * receiver has said what it had: they will come again.
 */
function run(steps: Step[], unackedBytes: number) {
  const queue = queueOf({ unackedBytes })
  const incoming = new IncomingSequence()
  type OnTheWay =
    | NonNullable<ReturnType<OutgoingQueue['next']>>
    | ReturnType<OutgoingQueue['resume']>['start']
  let toReceiver: OnTheWay[] = []
  let toSender: { facts: number; data: number }[] = []
  const pushed: Record<Sequence, { id: string; key: string | null }[]> = { facts: [], data: [] }
  /** Accepted since the last time the queue was lost. */
  let owed: string[] = []
  const log: ({ id: string; sequence: Sequence } | { restart: boolean })[] = []
  let ids = 0

  const arrive = () => {
    const frame = toReceiver.shift()
    if (frame === undefined || frame.type === 'lossy') return
    if (frame.type === 'start') {
      const restart = incoming.start(frame)
      if (restart !== null) log.push({ restart: restart.isDataLost })
    } else if (incoming.take(frame.type, frame.number))
      log.push({ id: read(frame.payload).trim(), sequence: frame.type })
  }
  const connect = (late: number) => {
    const had = incoming.had
    for (let i = 0; i < late; i++) arrive()
    incoming.disconnect()
    toReceiver = [queue.resume(had).start]
    toSender = []
  }
  /** As the link does; what is pushed until the next connection is refused. */
  const cutIfLost = () => {
    if (!queue.isLost) return
    owed = []
    toReceiver = []
    toSender = []
  }

  connect(0)
  for (const at of steps) {
    if (at.do === 'push') {
      const id = `${++ids}`
      const sequence = at.way === 'data' ? 'data' : 'facts'
      const key = at.way === 'latest' ? at.key : null
      pushed[sequence].push({ id, key })
      const isTaken = queue.push(at.way, 1, text(id.padEnd(at.size)), 0, key ?? undefined)
      cutIfLost()
      if (isTaken) owed.push(id)
    } else if (at.do === 'break') connect(at.late)
    else
      for (let i = 0; i < at.count; i++) {
        if (at.do === 'send') {
          const frame = queue.next()
          if (frame !== undefined) toReceiver.push(frame)
        } else if (at.do === 'deliver') arrive()
        else if (at.do === 'ack') {
          const had = incoming.had
          const hasStarted = toReceiver[0]?.type !== 'start'
          if (had !== null && hasStarted && !queue.isLost) toSender.push(had)
        } else {
          const ack = toSender.shift()
          if (ack !== undefined) queue.ack(ack.facts, ack.data)
        }
      }
    expect(queue.bytes).toBeLessThanOrEqual(unackedBytes)
  }
  // Calm: everything owed arrives, over one more connection.
  connect(0)
  for (let frame = queue.next(); frame !== undefined; frame = queue.next()) toReceiver.push(frame)
  while (toReceiver.length > 0) arrive()
  const had = incoming.had
  if (had !== null) queue.ack(had.facts, had.data)
  expect(queue.bytes).toBe(0)
  return { pushed, owed, log }
}

describe('queue and receiver together', () => {
  const check = ({ pushed, owed, log }: ReturnType<typeof run>) => {
    for (const sequence of ['facts', 'data'] as const) {
      let next = 0
      let isTold = false
      const received = new Set<string>()
      for (const entry of log) {
        if ('restart' in entry) {
          if (sequence === 'facts' || entry.restart) isTold = true
          continue
        }
        if (entry.sequence !== sequence) continue
        // Searching from where the last one was found: a repeat or a swap is not found at all.
        const at = pushed[sequence].findIndex((one, i) => i >= next && one.id === entry.id)
        expect(at, `${sequence} ${entry.id} once and in order`).toBeGreaterThanOrEqual(next)
        const missing = pushed[sequence].slice(next, at).filter(({ key }) => key === null)
        if (missing.length > 0) expect(isTold, `the loss of ${missing[0]?.id} is told`).toBe(true)
        next = at + 1
        isTold = false
        received.add(entry.id)
      }
      const keys = new Map<string, string>()
      for (const { id, key } of pushed[sequence])
        if (owed.includes(id)) {
          if (key === null) expect(received, `${sequence} ${id} arrives`).toContain(id)
          else keys.set(key, id)
        }
      for (const [, id] of keys) expect(received, `the latest, ${id}, arrives`).toContain(id)
    }
  }

  test('through any breaks and delays reliable messages come once and in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), steps => {
        const result = run(steps, 10_000_000)
        expect(result.log.some(entry => 'restart' in entry)).toBe(false)
        checkWithoutReplacing(result)
      }),
      { numRuns: 200 },
    )
  })

  test('at the bounds what is missing is told, and nothing is repeated or swapped', () => {
    let losses = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), steps => {
        const result = run(steps, 6 * ENTRY_BYTES)
        losses += result.log.filter(entry => 'restart' in entry).length
        checkWithoutReplacing(result)
      }),
      { numRuns: 200 },
    )
    expect(losses).toBeGreaterThan(20)
  })

  /** A latest one that takes an earlier one's place comes before facts that were pushed between the two: order is of places. */
  const checkWithoutReplacing = (result: ReturnType<typeof run>) => {
    const isLatest = new Set(result.pushed.facts.filter(({ key }) => key !== null).map(({ id }) => id))
    const newest = new Map<string, number>()
    for (const entry of result.log) {
      if (!('id' in entry) || !isLatest.has(entry.id)) continue
      const key = result.pushed.facts.find(({ id }) => id === entry.id)?.key ?? ''
      expect(Number(entry.id), 'a level never goes back').toBeGreaterThan(newest.get(key) ?? 0)
      newest.set(key, Number(entry.id))
    }
    for (const key of ['a', 'b']) {
      const last = result.pushed.facts.findLast(one => one.key === key && result.owed.includes(one.id))
      if (last !== undefined) expect(newest.get(key), 'the last level arrives').toBe(Number(last.id))
    }
    check({
      ...result,
      pushed: { ...result.pushed, facts: result.pushed.facts.filter(({ key }) => key === null) },
      log: result.log.filter(entry => 'restart' in entry || !isLatest.has(entry.id)),
    })
  }
})
