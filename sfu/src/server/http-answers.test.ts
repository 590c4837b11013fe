import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { refuseUpgrade } from './http-answers.ts'

/** A connection whose other side keeps its half open for ever; `written` is what it was told. */
function halfOpen(): { socket: Duplex; written: () => string } {
  let text = ''
  const socket = new Duplex({
    allowHalfOpen: true,
    read() {},
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  return { socket, written: () => text }
}

describe('a refused socket', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is told why, has its time to read it, and is gone', () => {
    const { socket, written } = halfOpen()
    refuseUpgrade(socket, 404, 'not found')
    expect(written()).toMatch(/^HTTP\/1.1 404 Not Found\r\n.*\r\n\r\nnot found$/s)
    vi.advanceTimersByTime(1_900)
    expect(socket.destroyed).toBe(false)
    vi.advanceTimersByTime(200)
    expect(socket.destroyed).toBe(true)
  })

  it('that goes on sending is told once, and is gone no sooner and no later', () => {
    const { socket, written } = halfOpen()
    refuseUpgrade(socket, 400, 'bad request')
    const told = written()
    for (let piece = 0; piece < 19; piece += 1) {
      vi.advanceTimersByTime(100)
      refuseUpgrade(socket, 400, 'bad request')
      expect(socket.destroyed).toBe(false)
    }
    expect(written()).toBe(told)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(200)
    expect(socket.destroyed).toBe(true)
  })

  it('leaves no timer when the other side closes in time', async () => {
    const { socket } = halfOpen()
    refuseUpgrade(socket, 404, 'not found')
    const closed = new Promise(resolve => socket.once('close', resolve))
    socket.push(null)
    await closed
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that can be told nothing is gone at once', () => {
    const { socket, written } = halfOpen()
    socket.end()
    refuseUpgrade(socket, 400, 'bad request')
    expect(socket.destroyed).toBe(true)
    expect(written()).toBe('')
  })
})
