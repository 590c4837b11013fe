import { expect, it } from 'vitest'
import { mayReadMetrics } from './metrics-access.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'
const from = (remoteAddress: string, headers: Record<string, string> = {}) => ({
  headers,
  socket: { remoteAddress },
})
const open = { token: undefined, production: false }
const locked = { token: TOKEN, production: true }

it('without a token shows the figures to this machine only, and in production to nobody', () => {
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    expect(mayReadMetrics(from(address), open)).toBe(true)
    expect(mayReadMetrics(from(address), { token: undefined, production: true })).toBe(false)
  }
  for (const address of ['10.0.0.5', '::ffff:10.0.0.5', '2001:db8::1', ''])
    expect(mayReadMetrics(from(address), open)).toBe(false)
})

it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-proto'])(
  'takes nobody for this machine whom a proxy brought (%s)',
  name => expect(mayReadMetrics(from('127.0.0.1', { [name]: '127.0.0.1' }), open)).toBe(false),
)

it('with a token shows them to who has it, from anywhere, and to nobody else', () => {
  expect(mayReadMetrics(from('10.0.0.5', { authorization: `Bearer ${TOKEN}` }), locked)).toBe(true)
  expect(mayReadMetrics(from('10.0.0.5', { authorization: `bearer ${TOKEN}` }), locked)).toBe(true)
  for (const authorization of [
    '',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ])
    expect(mayReadMetrics(from('127.0.0.1', { authorization }), locked)).toBe(false)
  expect(mayReadMetrics(from('127.0.0.1'), { ...locked, production: false })).toBe(false)
})
