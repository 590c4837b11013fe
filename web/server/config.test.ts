import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const DATABASE_URL = 'postgresql://localhost/x'
const faultsOf = (env: Record<string, string | undefined>): string[] => {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('portal configuration', () => {
  it('works in development with nothing but a database', () => {
    expect(readConfig({ DATABASE_URL })).toMatchObject({
      port: 3000,
      publicUrl: 'http://localhost:3000',
      production: false,
      livekit: { url: 'http://127.0.0.1:7880', apiKey: 'devkey' },
    })
  })
  it('reports all faults at once', () => {
    const faults = faultsOf({ PORT: 'abc', TIME_ZONE: 'Moon/Base', LIVEKIT_URL: 'ftp://x' })
    expect(faults.map(f => f.split(':')[0]).sort()).toEqual([
      'DATABASE_URL',
      'LIVEKIT_URL',
      'PORT',
      'TIME_ZONE',
    ])
  })
  it('refuses every development secret in production', () => {
    const faults = faultsOf({ DATABASE_URL, NODE_ENV: 'production' }).join('\n')
    expect(faults).toContain('AUTH_SECRET')
    expect(faults).toContain('LIVEKIT_API_KEY')
    expect(faults).toContain('PUBLIC_URL')
  })
  it('believes listed proxies, under the former name too, and says which entry is none', () => {
    const proxiesOf = (env: Record<string, string>) => readConfig({ DATABASE_URL, ...env }).trustedProxies
    expect(proxiesOf({})).toEqual([])
    expect(proxiesOf({ TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' })).toHaveLength(2)
    expect(proxiesOf({ TRUST_PROXY: '0' })).toEqual([])
    expect(proxiesOf({ TRUST_PROXY: '1' })).toBe('any')
    expect(faultsOf({ DATABASE_URL, TRUSTED_PROXIES: 'nginx' }).join()).toContain('"nginx"')
    expect(faultsOf({ DATABASE_URL, TRUSTED_PROXIES: '::1', TRUST_PROXY: '1' })).toHaveLength(1)
  })
  const production = {
    DATABASE_URL,
    NODE_ENV: 'production',
    AUTH_SECRET: '0123456789abcdef0123456789abcdef',
    LIVEKIT_API_KEY: 'province',
    LIVEKIT_API_SECRET: 'fedcba9876543210fedcba9876543210',
    PUBLIC_URL: 'https://hop.example.vn/',
  }
  it.each([
    ['PUBLIC_URL', 'http://hop.example.vn'],
    ['PUBLIC_URL', 'https://hop.example.vn/portal'],
    ['PUBLIC_URL', 'https://admin:pa55word@hop.example.vn'],
    ['LIVEKIT_PUBLIC_URL', 'ws://media.example.vn'],
    ['LIVEKIT_API_SECRET', 'only-31-characters-are-not-32xx'],
    ['LIVEKIT_API_KEY', 'devkey'],
    ['AUTH_SECRET', ''.padEnd(64, 'a')],
    ['NODE_ENV', 'staging'],
    ['LISTEN', 'everybody'],
    ['SMTP_URL', 'smtp://user:pa55#word@mail.example.vn'],
    ['DATABASE_URL', 'postgresql://user:pa55#word@db/x'],
    ['PORTAL_REDIS_URL', 'redis+sentinel://user:pa55@redis/diemcau'],
  ])('refuses %s=%s in production, naming the setting and not its value', (name, value) => {
    expect(faultsOf(production)).toEqual([])
    const faults = faultsOf({ ...production, [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(new RegExp(`^${name}: `))
    expect(faults[0]).not.toContain('pa55')
    expect(faults[0]).not.toContain(value)
  })
  it('listens on this machine only with known secrets, and refuses them where it is opened', () => {
    expect(readConfig({ DATABASE_URL })).toMatchObject({ bind: '127.0.0.1', exposed: false })
    for (const open of [{ LISTEN: 'network' }, { BIND: '0.0.0.0' }, { BIND: '10.0.0.5' }, { BIND: '::' }])
      expect(
        faultsOf({ DATABASE_URL, ...open }).map(fault => fault.split(':')[0]),
        JSON.stringify(open),
      ).toEqual(['AUTH_SECRET', 'LIVEKIT_API_SECRET', 'LIVEKIT_API_KEY'])
    const own = {
      ...production,
      NODE_ENV: 'development',
      LISTEN: 'network',
      PUBLIC_URL: 'http://10.0.0.5:3000',
    }
    expect(readConfig(own)).toMatchObject({
      bind: '0.0.0.0',
      exposed: true,
      publicUrl: 'http://10.0.0.5:3000',
    })
  })
  it('takes an empty variable as not set', () => {
    expect(readConfig({ DATABASE_URL, SMTP_URL: '', PORT: '' })).toMatchObject({ smtpUrl: null, port: 3000 })
  })
})
