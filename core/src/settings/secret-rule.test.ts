import { describe, expect, it } from 'vitest'
import { defaultBind, isDevelopmentKey, isLoopback, secretFault } from './secret-rule.ts'

const GOOD = '0123456789abcdef0123456789abcdef'

describe('secretFault', () => {
  it('lets the development secret stay on this machine', () => {
    for (const bind of [
      '127.0.0.1',
      '127.1.2.3',
      '::1',
      '0:0:0:0:0:0:0:1',
      'localhost',
      '[::1]',
      '::ffff:127.0.0.1',
    ])
      expect(secretFault('secret', { NODE_ENV: 'development', bind }), bind).toBeNull()
  })
  it('refuses it wherever the network can reach', () => {
    for (const bind of [
      '0.0.0.0',
      '::',
      '10.0.0.5',
      '2001:db8::1',
      'portal.example',
      '::ffff:10.0.0.1',
      '1270.0.0.1',
      '::2',
      '10::1',
    ])
      expect(secretFault('secret', { NODE_ENV: 'development', bind }), bind).toContain('--open')
  })
  it.each([
    'secret',
    'devkey',
    'development-only-secret-of-the-portal-0001',
    GOOD.slice(1),
    ''.padEnd(32, ' '),
    `${'short'.padEnd(40, ' ')}`,
    ''.padEnd(40, 'a'),
    ''.padEnd(40, 'abc'),
    '',
  ])('refuses %j in production', secret => {
    const fault = secretFault(secret, { NODE_ENV: 'production', bind: '127.0.0.1' })
    expect(fault).toContain('openssl rand')
    if (secret.trim() !== '' && secret !== 'secret') expect(fault).not.toContain(secret)
  })
  it('takes 32 random characters everywhere', () => {
    expect(secretFault(GOOD, { NODE_ENV: 'production', bind: '0.0.0.0' })).toBeNull()
    expect(secretFault(GOOD, { NODE_ENV: 'development', bind: '0.0.0.0' })).toBeNull()
  })
  it('judges the name of the pair, too', () => {
    expect(isDevelopmentKey('devkey', { NODE_ENV: 'development', bind: '127.0.0.1' })).toBe(false)
    expect(isDevelopmentKey('devkey', { NODE_ENV: 'development', bind: '0.0.0.0' })).toBe(true)
    expect(isDevelopmentKey('province', { NODE_ENV: 'production', bind: '0.0.0.0' })).toBe(false)
  })
})

it('listens on this machine only until it is opened or in production', () => {
  expect(defaultBind({ NODE_ENV: 'development' })).toBe('127.0.0.1')
  expect(defaultBind({ NODE_ENV: 'test' })).toBe('127.0.0.1')
  expect(defaultBind({ NODE_ENV: 'development', LISTEN: 'network' })).toBe('0.0.0.0')
  expect(defaultBind({ NODE_ENV: 'production' })).toBe('0.0.0.0')
  expect(defaultBind({ NODE_ENV: 'production', LISTEN: 'loopback' })).toBe('127.0.0.1')
  expect(isLoopback('')).toBe(false)
})
