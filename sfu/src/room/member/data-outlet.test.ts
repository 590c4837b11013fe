import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DataOutlet } from './data-outlet.ts'

const bytes = (text: string) => Buffer.from(text)

function open(queueBytes = 10_000) {
  const state = { isOpen: true, isReachable: true, sent: [] as string[], lost: [] as string[] }
  const outlet = new DataOutlet({
    media: () => ({
      sendData: (_kind, payload) => {
        if (state.isOpen) state.sent.push(Buffer.from(payload).toString())
        return state.isOpen
      },
    }),
    queueBytes,
    holdMs: 5_000,
    graceMs: 2_000,
    isReachable: () => state.isReachable,
    onLost: why => state.lost.push(why),
  })
  return { outlet, state }
}

describe('data towards one client', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('waits in order for the channel to open; lossy data does not wait', () => {
    const { outlet, state } = open()
    state.isOpen = false
    expect(outlet.send('reliable', bytes('a'))).toBe(true)
    expect(outlet.send('lossy', bytes('gone'))).toBe(false)
    expect(outlet.send('reliable', bytes('b'))).toBe(true)
    state.isOpen = true
    expect(outlet.send('reliable', bytes('c'))).toBe(true)
    expect(state.sent).toEqual([])
    vi.advanceTimersByTime(100)
    outlet.send('reliable', bytes('d'))
    expect(state.sent).toEqual(['a', 'b', 'c', 'd'])
    outlet.close()
  })

  it('is lost as a whole when too much waits', () => {
    const { outlet, state } = open(1_000)
    state.isOpen = false
    while (outlet.send('reliable', bytes('x'.repeat(100))));
    vi.advanceTimersByTime(1_900)
    expect(state.lost).toEqual([])
    vi.advanceTimersByTime(200)
    expect(state.lost).toHaveLength(1)
    state.isOpen = true
    expect(outlet.send('reliable', bytes('y'))).toBe(false)
    vi.advanceTimersByTime(10_000)
    expect(state.sent).toEqual([])
    expect(state.lost).toHaveLength(1)
  })

  it('that is lost while nobody can be told is told when the client comes back, and not after it has left', () => {
    const { outlet, state } = open()
    state.isReachable = false
    outlet.lose('its connection is closed')
    vi.advanceTimersByTime(10_000)
    expect(state.lost).toEqual([])
    state.isReachable = true
    outlet.hold(1)
    expect(state.lost).toEqual([])
    vi.advanceTimersByTime(1)
    expect(state.lost).toEqual(['its connection is closed'])
    const leaving = open()
    leaving.outlet.lose('its connection is closed')
    leaving.outlet.close()
    vi.advanceTimersByTime(10_000)
    expect(leaving.state.lost).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends after a hold what was missed first, then what came meanwhile, then what comes', () => {
    const { outlet, state } = open()
    outlet.send('reliable', bytes('1'))
    outlet.hold(7)
    outlet.send('reliable', bytes('3'))
    outlet.send('lossy', bytes('lossy'))
    // A second loss before the client has said anything: nothing has been sent since the first.
    outlet.hold(9)
    outlet.send('reliable', bytes('4'))
    expect(state.sent).toEqual(['1', 'lossy'])
    outlet.release(mark => [bytes(`missed before ${mark}`)])
    outlet.send('reliable', bytes('5'))
    expect(state.sent).toEqual(['1', 'lossy', 'missed before 7', '3', '4', '5'])
    outlet.release(() => [bytes('again')])
    expect(state.sent).toHaveLength(6)
    outlet.close()
  })

  it('goes on without what was missed when the client does not say what it had', () => {
    const { outlet, state } = open()
    outlet.send('reliable', bytes('1'))
    outlet.hold(1)
    outlet.send('reliable', bytes('2'))
    vi.advanceTimersByTime(4_900)
    expect(state.sent).toEqual(['1'])
    vi.advanceTimersByTime(200)
    expect(state.sent).toEqual(['1', '2'])
    outlet.close()
  })

  it('misses nothing but what waits when the channel had never been open', () => {
    const { outlet, state } = open()
    state.isOpen = false
    outlet.send('reliable', bytes('1'))
    outlet.hold(1)
    outlet.send('reliable', bytes('2'))
    state.isOpen = true
    outlet.release(() => [bytes('1')])
    vi.advanceTimersByTime(100)
    expect(state.sent).toEqual(['1', '2'])
    outlet.close()
  })

  it('takes nothing and keeps no timer after it was closed, twice', () => {
    const { outlet, state } = open()
    state.isOpen = false
    outlet.send('reliable', bytes('1'))
    outlet.hold(1)
    outlet.close()
    outlet.close()
    state.isOpen = true
    expect(outlet.send('reliable', bytes('2'))).toBe(false)
    outlet.release(() => [bytes('3')])
    expect(vi.getTimerCount()).toBe(0)
    expect(state.sent).toEqual([])
  })
})
