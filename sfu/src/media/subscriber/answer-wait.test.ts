import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { within } from '../worker/within.ts'
import { AnswerWait } from './answer-wait.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('AnswerWait', () => {
  it('repeats an offer nobody answers, ever more slowly, and starts afresh after an answer', async () => {
    const repeatedAtMs: number[] = []
    const from = Date.now()
    const wait: AnswerWait = new AnswerWait(() => {
      repeatedAtMs.push(Date.now() - from)
      wait.start()
    })
    wait.start()
    expect(wait.isRepeated).toBe(false)
    await vi.advanceTimersByTimeAsync(200_000)
    expect(repeatedAtMs).toEqual([5_000, 15_000, 35_000, 75_000, 135_000, 195_000])
    expect(wait.isRepeated).toBe(true)
    wait.handleAnswered()
    expect(wait.isRepeated).toBe(false)
    await vi.advanceTimersByTimeAsync(200_000)
    expect(repeatedAtMs).toHaveLength(6)
  })
})

describe('within', () => {
  it('passes on what comes in time, and hands the rest over to be closed', async () => {
    const discarded: string[] = []
    const discard = (late: string) => discarded.push(late)
    expect(await within(Promise.resolve('in time'), 100, discard)).toBe('in time')
    await expect(within(Promise.reject(new Error('refused')), 100, discard)).rejects.toThrow('refused')
    const late = Promise.withResolvers<string>()
    const result = expect(within(late.promise, 100, discard)).rejects.toMatchObject({ code: 'unavailable' })
    await vi.advanceTimersByTimeAsync(100)
    await result
    late.resolve('late')
    await vi.advanceTimersByTimeAsync(0)
    expect(discarded).toEqual(['late'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
