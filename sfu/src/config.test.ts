import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const faultsOf = (env: Record<string, string>): string[] => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

describe('sfu configuration', () => {
  it('works in development with nothing set', () => {
    const config = readConfig({})
    expect(config.port).toBe(7880)
    expect(config.mediaPort).toBe(7882)
    expect(config.keys).toEqual([{ key: 'devkey', secret: 'secret' }])
    expect(config.webhookUrls).toEqual(['http://127.0.0.1:3000/api/webhooks/livekit'])
    expect(config.workers).toBeGreaterThanOrEqual(1)
  })

  it('takes an empty variable as absent', () => {
    expect(readConfig({ SFU_PORT: '', LIVEKIT_API_KEY: '' }).port).toBe(7880)
  })

  it('names every fault at once', () => {
    const faults = faultsOf({
      NODE_ENV: 'production',
      SFU_PORT: 'seven',
      SFU_WORKERS: '0',
      WEBHOOK_URLS: 'ftp://x',
      LOG_LEVEL: 'loud',
    })
    expect(faults.map(fault => fault.split(':')[0]).sort()).toEqual([
      'LIVEKIT_API_KEY, LIVEKIT_API_SECRET',
      'LOG_LEVEL',
      'SFU_PORT',
      'SFU_WORKERS',
      'WEBHOOK_URLS',
    ])
  })

  it('refuses the development key or secret in production, each alone too', () => {
    const good = { NODE_ENV: 'production', LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: 'a-long-secret' }
    expect(faultsOf(good)).toEqual([])
    expect(faultsOf({ NODE_ENV: 'production' })).toHaveLength(1)
    expect(faultsOf({ ...good, LIVEKIT_API_KEY: 'devkey' })).toHaveLength(1)
    expect(faultsOf({ ...good, LIVEKIT_API_SECRET: 'secret' })).toHaveLength(1)
    expect(faultsOf({ ...good, LIVEKIT_EXTRA_KEYS: 'devkey:secret' })).toHaveLength(1)
  })

  it('never shows a secret in a fault', () => {
    const faults = faultsOf({ LIVEKIT_EXTRA_KEYS: 'only-a-secret-without-key,a:b:c-hidden' }).join(' ')
    expect(faults).not.toContain('only-a-secret')
    expect(faults).not.toContain('hidden')
  })

  it('takes further keys, none of them twice', () => {
    expect(readConfig({ LIVEKIT_EXTRA_KEYS: 'a:1, b:2' }).keys.map(({ key }) => key)).toEqual([
      'devkey',
      'a',
      'b',
    ])
    expect(faultsOf({ LIVEKIT_EXTRA_KEYS: 'a:1,a:2' })).toHaveLength(1)
  })

  it('refuses ports that overlap', () => {
    expect(faultsOf({ SFU_PORT: '7883', SFU_MEDIA_PORT: '7882', SFU_WORKERS: '2' })).toHaveLength(1)
    expect(faultsOf({ SFU_MEDIA_PORT: '65535', SFU_WORKERS: '2' })).toHaveLength(1)
  })
})
