import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SILENCE_MS, watchSilence } from './watch-silence.ts'

describe('the silence of the own microphone', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** Microphones named in `loud` are heard; `watched` are those that are listened to now. */
  function setUp() {
    const loud = new Set<string>()
    const watched = new Set<string>()
    let track: string | null = 'first'
    let isSilent = false
    const end = watchSilence(
      () => track as unknown as MediaStreamTrack | null,
      now => {
        isSilent = now
      },
      (of, handleLevel, everyMs) => {
        const name = of as unknown as string
        watched.add(name)
        const timer = setInterval(() => handleLevel(loud.has(name) ? 0.1 : 0), everyMs)
        return () => {
          watched.delete(name)
          clearInterval(timer)
        }
      },
    )
    const change = (next: string | null) => {
      track = next
    }
    return { loud, watched, change, end, isSilent: () => isSilent }
  }

  it('is told after a while, and taken back as soon as there is sound', () => {
    const { loud, isSilent } = setUp()
    vi.advanceTimersByTime(SILENCE_MS - 500)
    expect(isSilent()).toBe(false)
    vi.advanceTimersByTime(1_500)
    expect(isSilent()).toBe(true)
    loud.add('first')
    vi.advanceTimersByTime(500)
    expect(isSilent()).toBe(false)
  })

  it('begins anew with another microphone, and the former one is not listened to any more', () => {
    const { watched, change, isSilent } = setUp()
    vi.advanceTimersByTime(SILENCE_MS + 1_000)
    expect(isSilent()).toBe(true)
    change('second')
    vi.advanceTimersByTime(500)
    expect(isSilent()).toBe(false)
    expect([...watched]).toEqual(['second'])
    vi.advanceTimersByTime(SILENCE_MS - 1_000)
    expect(isSilent()).toBe(false)
    vi.advanceTimersByTime(2_000)
    expect(isSilent()).toBe(true)
  })

  it('is nothing while there is no track, and nothing is left behind at the end', () => {
    const { watched, change, end, isSilent } = setUp()
    change(null)
    vi.advanceTimersByTime(SILENCE_MS * 2)
    expect(isSilent()).toBe(false)
    expect(watched.size).toBe(0)
    change('second')
    vi.advanceTimersByTime(500)
    expect(watched.size).toBe(1)
    end()
    expect(watched.size).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
