import { describe, expect, it } from 'vitest'
import { type Box, nextFocus } from './next-focus.ts'

const box = (left: number, top: number, width = 100, height = 40): Box => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
})

/** A check page: a picture with two buttons on the left, a form of two fields and a button on the right. */
const page = {
  microphone: box(50, 400),
  camera: box(160, 400),
  test: box(50, 500),
  name: box(600, 100, 300),
  passcode: box(600, 200, 300),
  join: box(600, 420, 300, 56),
}
const names = Object.keys(page) as (keyof typeof page)[]
const from = (name: keyof typeof page, direction: Parameters<typeof nextFocus>[2]) => {
  const others = names.filter(other => other !== name)
  const index = nextFocus(
    others.map(other => page[other]),
    page[name],
    direction,
  )
  return index === undefined ? undefined : others[index]
}

describe('the next thing', () => {
  it('is the nearest straight ahead', () => {
    expect(from('microphone', 'right')).toBe('camera')
    expect(from('name', 'down')).toBe('passcode')
    expect(from('passcode', 'down')).toBe('join')
    expect(from('join', 'up')).toBe('passcode')
    expect(from('microphone', 'down')).toBe('test')
    expect(from('camera', 'left')).toBe('microphone')
  })

  it('may lie aside when nothing is straight ahead', () => {
    expect(from('camera', 'down')).toBe('test')
    expect(from('name', 'left')).toBe('camera')
    expect(from('test', 'right')).toBe('camera')
  })

  it('is straight ahead rather than nearer and aside', () => {
    expect(from('camera', 'right')).toBe('join')
  })

  it('is not there at the edge', () => {
    expect(from('name', 'up')).toBeUndefined()
    expect(from('microphone', 'left')).toBeUndefined()
    expect(from('join', 'right')).toBeUndefined()
    expect(nextFocus([], page.name, 'down')).toBeUndefined()
  })

  it('may touch, but not stand over the present one', () => {
    expect(nextFocus([box(0, 40)], box(0, 0), 'down')).toBe(0)
    expect(nextFocus([box(0, 10)], box(0, 0), 'down')).toBeUndefined()
  })
})
