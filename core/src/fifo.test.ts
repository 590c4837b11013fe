import { describe, expect, it } from 'vitest'
import { Fifo } from './fifo.ts'

describe('a first-in-first-out queue', () => {
  it('gives back in order what was put in, also when both happen in turns', () => {
    const fifo = new Fifo<number>()
    const taken: number[] = []
    for (let i = 0; i < 1000; i++) {
      fifo.push(i)
      if (i % 3 === 0) taken.push(fifo.shift()!)
    }
    expect(fifo.length).toBe(1000 - taken.length)
    expect(fifo.peek()).toBe(taken.length)
    expect([...fifo]).toEqual(Array.from({ length: fifo.length }, (_, i) => taken.length + i))
    while (fifo.length > 0) taken.push(fifo.shift()!)
    expect(taken).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(fifo.shift()).toBeUndefined()
    expect(fifo.peek()).toBeUndefined()
  })

  it('is empty after it was cleared', () => {
    const fifo = new Fifo<string>()
    fifo.push('a')
    fifo.clear()
    expect([...fifo]).toEqual([])
    expect(fifo.length).toBe(0)
  })

  it('stays fast with a million waiting', () => {
    const fifo = new Fifo<number>()
    for (let i = 0; i < 1_000_000; i++) fifo.push(i)
    let sum = 0
    while (fifo.length > 0) sum += fifo.shift()!
    expect(sum).toBe(499_999_500_000)
  })
})
