import { EventEmitter } from 'node:events'
import { beforeEach, expect, it } from 'vitest'
import { watchUnexpectedErrors } from './unexpected-errors.ts'

class FakeProcess extends EventEmitter {
  exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}
let now: number
let target: FakeProcess
let logged: string[]
beforeEach(() => {
  now = 0
  target = new FakeProcess()
  logged = []
  const log = {
    error: (_fields: object, message: string) => void logged.push(`error ${message}`),
    fatal: (_fields: object, message: string) => void logged.push(`fatal ${message}`),
  }
  watchUnexpectedErrors(log, target, () => now)
})

it('is logged and the process goes on, however long it lives', () => {
  for (let hour = 0; hour < 100; hour++) {
    now += 3_600_000
    target.emit('uncaughtException', new Error('x'))
    target.emit('unhandledRejection', 'no error at all')
  }
  expect(logged).toHaveLength(200)
  expect(logged[0]).toBe('error unexpected error: the process goes on')
  expect(target.exits).toEqual([])
})

it('ends a process that stumbles without end', () => {
  for (let n = 0; n < 61; n++) {
    now += 10
    target.emit(n % 2 ? 'uncaughtException' : 'unhandledRejection', new Error('x'))
  }
  expect(target.exits).toEqual([1])
  expect(logged.at(-1)).toMatch(/^fatal .*too many within a minute/)
})
