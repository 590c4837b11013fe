import { describe, expect, it } from 'vitest'
import { readText } from './read-text.ts'

const post = (body: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request('http://portal.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)

/** Sends pieces of 1 kB for as long as somebody reads; says how many were taken. */
function endless() {
  let taken = 0
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken += 1
      controller.enqueue(new Uint8Array(1024))
    },
  })
  return { stream, taken: () => taken }
}

describe('reading a body', () => {
  it('gives back what fits, also when a letter is cut in two', async () => {
    expect(await readText(post('điểm cầu'), 100)).toBe('điểm cầu')
    const bytes = new TextEncoder().encode('ế')
    const halves = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 1))
        controller.enqueue(bytes.subarray(1))
        controller.close()
      },
    })
    expect(await readText(post(halves), 100)).toBe('ế')
    expect(await readText(new Request('http://portal.test/', { method: 'POST' }), 100)).toBe('')
  })

  it('counts bytes, not letters', async () => {
    expect(await readText(post('đđ'), 4)).toBe('đđ')
    await expect(readText(post('đđ'), 3)).rejects.toMatchObject({ code: 'too_large' })
  })

  it('stops reading a body without an end', async () => {
    const source = endless()
    await expect(readText(post(source.stream), 4096)).rejects.toMatchObject({ code: 'too_large' })
    expect(source.taken()).toBeLessThan(8)
  })

  it('does not begin with one that says it is too long', async () => {
    const source = endless()
    await expect(readText(post(source.stream, { 'content-length': '99999' }), 4096)).rejects.toMatchObject({
      code: 'too_large',
    })
    expect(source.taken()).toBeLessThan(3)
  })
})
