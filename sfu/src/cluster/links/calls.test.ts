import { AppError } from '@diemcau/core/errors.ts'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Answer, type Call, decodeAnswer, decodeCall, encodeAnswer, encodeCall } from './call-codec.ts'
import { FrameError } from './frame-codec.ts'
import { IncomingCalls, type IncomingCallsOptions } from './incoming-calls.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import { ENTRY_BYTES } from './reliable-sequence.ts'

const bytes = (value: string) => new TextEncoder().encode(value)
const text = (value: Uint8Array) => new TextDecoder().decode(value)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount(), 'timers that are left').toBe(0)
  vi.useRealTimers()
})

describe('calls and answers as bytes', () => {
  test('come out as they went in', () => {
    const id = fc.integer({ min: 1, max: 2 ** 48 - 1 })
    fc.assert(
      fc.property(
        fc.record({
          id,
          deadlineMs: fc.double({ noNaN: true }),
          method: fc.string({ maxLength: 60 }),
          payload: fc.uint8Array(),
        }),
        call => {
          const back = decodeCall(encodeCall(call))
          expect({ ...back, payload: [...back.payload] }).toEqual({ ...call, payload: [...call.payload] })
        },
      ),
    )
    const answer: Answer = {
      id: 9,
      payload: new Uint8Array(0),
      error: { code: 'not_found', message: 'Điểm cầu' },
    }
    expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer)
    expect(text(decodeAnswer(encodeAnswer({ id: 1, payload: bytes('yes'), error: null })).payload)).toBe(
      'yes',
    )
  })

  test('cut off anywhere in the head they are refused', () => {
    const call = encodeCall({ id: 1, deadlineMs: 2, method: 'mute', payload: new Uint8Array(0) })
    for (let end = 0; end < call.length; end++)
      expect(() => decodeCall(call.subarray(0, end))).toThrow(FrameError)
    const answer = encodeAnswer({ id: 1, payload: new Uint8Array(0), error: { code: 'closed', message: '' } })
    for (let end = 0; end < answer.length; end++)
      expect(() => decodeAnswer(answer.subarray(0, end))).toThrow(FrameError)
  })
})

describe('OutgoingCalls', () => {
  const calls = (limits = { calls: 3, bytes: 3 * ENTRY_BYTES + 100 }) => new OutgoingCalls(limits)
  const nothing = new Uint8Array(0)

  test('an answer settles its call, whatever the order', async () => {
    const out = calls()
    const first = out.open('a', nothing, 1_000, 0)
    const second = out.open('b', nothing, 1_000, 0)
    out.settle({ id: second.call.id, payload: bytes('two'), error: null })
    out.settle({ id: first.call.id, payload: bytes('one'), error: null })
    expect([text(await first.answer), text(await second.answer)]).toEqual(['one', 'two'])
    expect(out.size).toBe(0)
  })

  test('an error keeps its code, one we do not know is internal', async () => {
    const out = calls()
    const known = out.open('a', nothing, 1_000, 0)
    const unknown = out.open('b', nothing, 1_000, 0)
    out.settle({ id: known.call.id, payload: nothing, error: { code: 'not_found', message: 'no such room' } })
    out.settle({ id: unknown.call.id, payload: nothing, error: { code: 'of_later', message: 'x' } })
    await expect(known.answer).rejects.toMatchObject({ code: 'not_found', message: 'no such room' })
    await expect(unknown.answer).rejects.toMatchObject({ code: 'internal' })
  })

  test('without an answer it is unavailable at its deadline, and a later answer changes nothing', async () => {
    const out = calls()
    const { call, answer } = out.open('mute', nothing, 1_000, 0)
    const failure = answer.catch((error: unknown) => error)
    vi.advanceTimersByTime(999)
    expect(out.size).toBe(1)
    vi.advanceTimersByTime(1)
    expect(out.size).toBe(0)
    expect(await failure).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('may have happened'),
    })
    out.settle({ id: call.id, payload: bytes('late'), error: null })
  })

  test('more than may be under way are refused at once, by number and by bytes', async () => {
    const out = calls()
    const open = ['a', 'b', 'c'].map(method => out.open(method, nothing, 1_000, 0).answer)
    expect(() => out.open('d', nothing, 1_000, 0)).toThrow(AppError)
    expect(out.unanswered().map(({ method }) => method)).toEqual(['a', 'b', 'c'])
    expect(() => out.open('x'.repeat(256), nothing, 1_000, 0)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
    out.failAll()
    for (const answer of open) await expect(answer).rejects.toMatchObject({ code: 'unavailable' })
    const heavy = out.open('e', new Uint8Array(2 * ENTRY_BYTES + 100), 1_000, 0)
    expect(() => out.open('f', new Uint8Array(1), 1_000, 0)).toThrow(AppError)
    out.settle({ id: heavy.call.id, payload: nothing, error: null })
    await heavy.answer
    out.settle({
      id: out.open('g', new Uint8Array(2 * ENTRY_BYTES + 100), 1_000, 0).call.id,
      payload: nothing,
      error: null,
    })
  })
})

describe('IncomingCalls', () => {
  const limits = { calls: 2, callsKept: 10, callKeptMs: 60_000, answerBytes: 100 }
  const setUp = (run: IncomingCallsOptions['run'], over: Partial<typeof limits> = {}) => {
    const sent: Answer[] = []
    const calls = new IncomingCalls({
      limits: { ...limits, ...over },
      run,
      send: answer => sent.push(answer),
      nowMs: () => performance.now(),
      clusterNowMs: () => Date.now(),
    })
    return { calls, sent }
  }
  const call = (id: number, over: Partial<Call> = {}): Call => ({
    id,
    deadlineMs: Date.now() + 5_000,
    method: 'm',
    payload: new Uint8Array(0),
    ...over,
  })
  const settled = () => vi.advanceTimersByTimeAsync(0)

  test('one that comes again is not executed again and gets the same answer', async () => {
    const run = vi.fn(async () => bytes('done'))
    const { calls, sent } = setUp(run)
    calls.take(call(1))
    calls.take(call(1))
    await settled()
    expect(sent).toHaveLength(1)
    calls.take(call(1))
    expect(run).toHaveBeenCalledTimes(1)
    expect(sent.map(({ id, payload }) => [id, text(payload)])).toEqual([
      [1, 'done'],
      [1, 'done'],
    ])
  })

  test('a failure is answered once and for all, what is not ours without a word of it', async () => {
    let count = 0
    const { calls, sent } = setUp(async method => {
      count += 1
      if (method === 'ours') throw new AppError('not_found', 'no such room')
      throw new Error('password=hunter2')
    })
    calls.take(call(1, { method: 'ours' }))
    calls.take(call(2, { method: 'other' }))
    await settled()
    calls.take(call(2, { method: 'other' }))
    expect(count).toBe(2)
    expect(sent.map(({ error }) => error)).toEqual([
      { code: 'not_found', message: 'no such room' },
      { code: 'internal', message: 'internal error' },
      { code: 'internal', message: 'internal error' },
    ])
  })

  test('past its deadline in the cluster’s time it is not executed', async () => {
    const run = vi.fn(async () => bytes(''))
    const { calls, sent } = setUp(run)
    calls.take(call(1, { deadlineMs: Date.now() }))
    await settled()
    expect([run.mock.calls.length, sent.length]).toEqual([0, 0])
  })

  test('an id is kept for its time after the end and no longer', async () => {
    const run = vi.fn(async () => bytes(''))
    const { calls } = setUp(run)
    calls.take(call(1))
    await settled()
    await vi.advanceTimersByTimeAsync(59_999)
    calls.sweep()
    expect(calls.kept).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    calls.sweep()
    expect(calls.kept).toBe(0)
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('too many at a time are refused without being executed', async () => {
    const run = vi.fn(() => new Promise<Uint8Array>(() => {}))
    const { calls, sent } = setUp(run)
    for (const id of [1, 2, 3]) calls.take(call(id))
    expect(run).toHaveBeenCalledTimes(2)
    expect(sent).toMatchObject([{ id: 3, error: { code: 'resource_exhausted' } }])
  })

  test('kept answers make room for newer ones, their calls still happen once', async () => {
    const run = vi.fn(async () => new Uint8Array(60))
    const { calls, sent } = setUp(run)
    calls.take(call(1))
    await settled()
    calls.take(call(2))
    await settled()
    expect(calls.answerBytes).toBeLessThanOrEqual(limits.answerBytes)
    calls.take(call(1))
    expect(run).toHaveBeenCalledTimes(2)
    expect(sent.at(-1)).toMatchObject({ id: 1, error: { code: 'unavailable' } })
  })
})
