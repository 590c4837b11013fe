import { describe, expect, it } from 'vitest'
import { KeyedQueue } from './keyed-queue.ts'

const tick = () => new Promise<void>(resolve => setImmediate(resolve))

describe('keyed queue', () => {
  it('runs tasks of one key in order, also behind one that failed', async () => {
    const queue = new KeyedQueue()
    const log: string[] = []
    const slow = queue.run('a', async () => {
      await tick()
      log.push('first')
      throw new Error('boom')
    })
    const fast = queue.run('a', async () => log.push('second'))
    await expect(slow).rejects.toThrow('boom')
    await fast
    expect(log).toEqual(['first', 'second'])
  })
  it('does not let one key wait for another, and forgets keys without work', async () => {
    const queue = new KeyedQueue()
    let release = () => {}
    const blocked = queue.run('a', () => new Promise<void>(resolve => (release = resolve)))
    expect(await queue.run('b', async () => 7)).toBe(7)
    await tick()
    release()
    await blocked
    await tick()
    expect(queue.size).toBe(0)
  })
})
