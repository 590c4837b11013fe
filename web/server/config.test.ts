import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const DATABASE_URL = 'postgresql://localhost/x'
const faultsOf = (env: Record<string, string>): string[] => {
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
  it('takes an empty variable as not set', () => {
    expect(readConfig({ DATABASE_URL, SMTP_URL: '', PORT: '' })).toMatchObject({ smtpUrl: null, port: 3000 })
  })
})
