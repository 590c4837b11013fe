import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

/** A pair of one's own, which may be used where the network reaches. */
const OPEN = { LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: '0123456789abcdef0123456789abcdef' }

const faultsOf = (env: Record<string, string | undefined>): string[] => {
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
      'LIVEKIT_API_KEY',
      'LIVEKIT_API_SECRET',
      'LOG_LEVEL',
      'SFU_PORT',
      'SFU_WORKERS',
      'WEBHOOK_URLS',
    ])
  })

  it('refuses known and short secrets in production, each alone, and an unknown NODE_ENV', () => {
    const secret = '0123456789abcdef0123456789abcdef'
    const good = { NODE_ENV: 'production', LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: secret }
    expect(faultsOf({ ...good, LIVEKIT_EXTRA_KEYS: `old:${secret}` })).toEqual([])
    expect(faultsOf({ NODE_ENV: 'production' })).toHaveLength(2)
    for (const [name, value] of [
      ['NODE_ENV', 'staging'],
      ['LISTEN', 'everybody'],
      ['LIVEKIT_API_KEY', 'devkey'],
      ['LIVEKIT_API_SECRET', 'secret'],
      ['LIVEKIT_API_SECRET', 'only-31-characters-are-not-32xx'],
      ['LIVEKIT_EXTRA_KEYS', `devkey:${secret}`],
      ['LIVEKIT_EXTRA_KEYS', 'old:only-31-characters-are-not-32xx'],
      ['RECORDINGS_URL', 'http://user:pa55@host'],
      ['WEBHOOK_URLS', 'http://a/x,https://user:pa55@host/hook'],
    ] as const) {
      const faults = faultsOf({ ...good, [name]: value })
      expect(faults, name).toHaveLength(1)
      expect(faults[0]).toMatch(new RegExp(`^${name}: `))
      expect(faults[0]).not.toContain(value)
      expect(faults[0]).not.toContain('pa55')
    }
    const turn = { ...good, TURN_URLS: 'turn:turn.example.vn:3478' }
    expect(faultsOf({ ...turn, TURN_SECRET: secret })).toEqual([])
    expect(faultsOf({ ...turn, TURN_SECRET: secret.slice(1) })).toHaveLength(1)
  })

  it('listens on this machine only with the development pair, and refuses it where it is opened', () => {
    expect(readConfig({})).toMatchObject({ bind: '127.0.0.1', mediaBind: ['127.0.0.1'] })
    for (const open of [
      { LISTEN: 'network' },
      { SFU_BIND: '0.0.0.0' },
      { SFU_BIND: '::' },
      { SFU_BIND: '10.0.0.5' },
    ])
      expect(faultsOf(open).map(fault => fault.split(':')[0])).toEqual([
        'LIVEKIT_API_KEY',
        'LIVEKIT_API_SECRET',
      ])
    expect(readConfig({ ...OPEN, LISTEN: 'network' })).toMatchObject({
      bind: '0.0.0.0',
      mediaBind: ['0.0.0.0'],
    })
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

  it('binds media to both families when the edge is bound to ::, and to what is named', () => {
    expect(readConfig({ ...OPEN, LISTEN: 'network' }).mediaBind).toEqual(['0.0.0.0'])
    expect(readConfig({ ...OPEN, SFU_BIND: '::' }).mediaBind).toEqual(['0.0.0.0', '::'])
    expect(readConfig({ SFU_MEDIA_BIND: '10.0.0.1, 2001:db8::1' }).mediaBind).toEqual([
      '10.0.0.1',
      '2001:db8::1',
    ])
    expect(faultsOf({ SFU_MEDIA_BIND: 'eth0' })).toHaveLength(1)
  })

  it('takes announced addresses with and without their network, and names the entry that is wrong', () => {
    const { announcedAddresses } = readConfig({ SFU_ANNOUNCED_ADDRESS: '10.0.0.0/8 = 10.1.2.3, 203.0.113.5' })
    expect(announcedAddresses.map(({ network, address }) => [network?.text, address])).toEqual([
      ['10.0.0.0/8', '10.1.2.3'],
      [undefined, '203.0.113.5'],
    ])
    const fault = (text: string) => faultsOf({ SFU_ANNOUNCED_ADDRESS: text }).join(' ')
    expect(fault('media.example.vn')).toContain('"media.example.vn"')
    expect(fault('10.0.0.0/33=10.1.2.3')).toContain('"10.0.0.0/33" is no network')
    expect(fault('10.0.0.0/8=')).toContain('SFU_ANNOUNCED_ADDRESS')
    expect(fault('10.0.0.0/8=1.2.3.4=5')).toContain('SFU_ANNOUNCED_ADDRESS')
    // Nothing listens there.
    expect(fault('::/0=2001:db8::5')).toContain('2001:db8::5 is announced, but media is bound to 127.0.0.1')
  })

  it('takes trusted proxies as before, or by their networks', () => {
    expect(readConfig({}).trustedProxies).toEqual([])
    expect(readConfig({ SFU_TRUST_PROXY: '1' }).trustedProxies).toBe('any')
    expect(readConfig({ SFU_TRUST_PROXY: '127.0.0.1, ::1' }).trustedProxies).toHaveLength(2)
    expect(faultsOf({ SFU_TRUST_PROXY: 'nginx' }).join(' ')).toContain('"nginx"')
    expect(readConfig({ TRUSTED_PROXIES: '10.0.0.0/8' }).trustedProxies).toHaveLength(1)
    expect(readConfig({ TRUSTED_PROXIES: '10.0.0.0/8', SFU_TRUST_PROXY: '0' }).trustedProxies).toEqual([])
  })

  it('takes TURN servers with their secret, and neither alone', () => {
    const TURN_URLS = 'turn:turn.example.vn:3478?transport=udp, turns:[2001:db8::1]:443?transport=tcp'
    expect(readConfig({ TURN_URLS, TURN_SECRET: 's' }).turn).toEqual({
      urls: ['turn:turn.example.vn:3478?transport=udp', 'turns:[2001:db8::1]:443?transport=tcp'],
      secret: 's',
      ttlS: 43_200,
    })
    expect(readConfig({}).turn).toBeUndefined()
    expect(faultsOf({ TURN_URLS })).toHaveLength(1)
    expect(faultsOf({ TURN_SECRET: 's' })).toHaveLength(1)
    expect(faultsOf({ TURN_URLS: 'stun:x', TURN_SECRET: 's' }).join(' ')).toContain('expected turn:host:port')
    const production = { NODE_ENV: 'production', ...OPEN }
    expect(faultsOf({ ...production, TURN_URLS, TURN_SECRET: 'short' })).toHaveLength(1)
  })

  it('refuses ports that overlap', () => {
    expect(faultsOf({ SFU_PORT: '7883', SFU_MEDIA_PORT: '7882', SFU_WORKERS: '2' })).toHaveLength(1)
    expect(faultsOf({ SFU_MEDIA_PORT: '65535', SFU_WORKERS: '2' })).toHaveLength(1)
  })
})
