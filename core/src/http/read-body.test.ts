import { expect, it } from 'vitest'
import { readBody } from './read-body.ts'

async function* pieces(count: number, size: number, taken: { count: number }) {
  for (let i = 0; i < count; i++) {
    taken.count += 1
    yield new Uint8Array(size)
  }
}

it('gives back what fits and stops at what does not', async () => {
  const taken = { count: 0 }
  expect(await readBody(pieces(4, 10, taken), 40, undefined)).toHaveLength(40)
  expect(await readBody(null, 40, undefined)).toHaveLength(0)
  taken.count = 0
  await expect(readBody(pieces(1_000, 10, taken), 40, null)).rejects.toMatchObject({ code: 'too_large' })
  expect(taken.count).toBe(5)
})

it('does not begin with one that says it is too long, and believes no promise to be short', async () => {
  const taken = { count: 0 }
  await expect(readBody(pieces(1_000, 10, taken), 40, '41')).rejects.toMatchObject({ code: 'too_large' })
  expect(taken.count).toBe(0)
  await expect(readBody(pieces(1_000, 10, taken), 40, '1')).rejects.toMatchObject({ code: 'too_large' })
  expect(taken.count).toBe(5)
  expect(await readBody(pieces(4, 10, taken), 40, '40')).toHaveLength(40)
})

it('says that the sender hung up, which is nobody’s fault here', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1)
    throw new Error('aborted')
  }
  await expect(readBody(broken(), 40, undefined)).rejects.toMatchObject({ code: 'canceled' })
})
