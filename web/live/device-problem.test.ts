import { describe, expect, it } from 'vitest'
import { deviceProblem } from './device-problem.ts'

describe('device problems', () => {
  it('are told apart by the browser error', () => {
    const named = (name: string) => Object.assign(new Error('x'), { name })
    expect(deviceProblem(named('NotAllowedError'))).toBe('denied')
    expect(deviceProblem(named('NotFoundError'))).toBe('missing')
    expect(deviceProblem(named('NotReadableError'))).toBe('busy')
    expect(deviceProblem('?')).toBe('other')
  })
})
