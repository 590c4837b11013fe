import { describe, expect, it } from 'vitest'
import { parseConfig } from './config.ts'

const OWN_SECRET = 'a-secret-of-our-own-with-enough-letters'

describe('parseConfig', () => {
  it('has a default for everything', () => {
    const { config } = parseConfig({})
    expect(config).toMatchObject({
      port: 7980,
      bind: '127.0.0.1',
      sfuUrls: ['http://127.0.0.1:7880'],
      keys: [{ key: 'devkey', secret: 'secret' }],
    })
    expect(config!.recordingsDir).toMatch(/\.data.recordings$/)
  })

  it('says all faults at once', () => {
    const { faults } = parseConfig({
      RECORDINGS_PORT: 'x',
      SFU_URL: 'ftp://a',
      RECORDINGS_RTP_ADDRESS: 'here',
    })
    expect(faults!.map(fault => fault.split(':')[0])).toEqual([
      'RECORDINGS_PORT',
      'RECORDINGS_RTP_ADDRESS',
      'SFU_URL',
    ])
  })

  it('refuses the development keys in production', () => {
    expect(parseConfig({ NODE_ENV: 'production' }).faults).toHaveLength(2)
    const own = { LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: OWN_SECRET }
    expect(parseConfig({ NODE_ENV: 'production', ...own }).faults).toBeNull()
  })

  it('takes the same extra key pairs as the media server', () => {
    const { config } = parseConfig({ LIVEKIT_EXTRA_KEYS: 'old:1, new:2' })
    expect(config!.keys.map(({ key }) => key)).toEqual(['devkey', 'old', 'new'])
    expect(parseConfig({ LIVEKIT_EXTRA_KEYS: 'broken' }).faults).toHaveLength(1)
  })

  it.each([
    ['NODE_ENV', 'staging'],
    ['LIVEKIT_API_SECRET', 'only-31-characters-are-not-32xx'],
    ['LIVEKIT_API_SECRET', 'secret'],
    ['LIVEKIT_API_KEY', 'devkey'],
    ['SFU_URL', 'http://user:pa55@sfu'],
    ['WEBHOOK_URLS', 'http://a/x, https://user:pa55@b/y'],
    ['PUBLIC_RECORDINGS_URL', 'https://files.example.vn/#pa55'],
  ])('refuses %s=%s in production, naming the setting and not its value', (name, value) => {
    const own = { NODE_ENV: 'production', LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: OWN_SECRET }
    const { faults } = parseConfig({ ...own, [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults![0]).toMatch(new RegExp(`^${name}[.0-9]*: `))
    expect(faults![0]).not.toContain(value)
    expect(faults![0]).not.toContain('pa55')
  })

  it('refuses known secrets where the network can reach it', () => {
    expect(parseConfig({ RECORDINGS_BIND: '10.0.0.5' }).faults).toHaveLength(2)
    expect(parseConfig({ RECORDINGS_BIND: '::1' }).faults).toBeNull()
  })

  it('reads one media server, or a list of them in their order', () => {
    expect(parseConfig({ SFU_URL: 'http://a:1/' }).config!.sfuUrls).toEqual(['http://a:1'])
    const several = { SFU_URL: 'http://10.1.2.3:7880, https://b/', RECORDINGS_RTP_ADDRESS: '10.1.2.3' }
    expect(parseConfig(several).config!.sfuUrls).toEqual(['http://10.1.2.3:7880', 'https://b'])
    const here = 'http://127.0.0.1:7890,http://localhost:7900,http://[::1]:7910'
    expect(parseConfig({ SFU_URL: here }).config!.sfuUrls).toHaveLength(3)
  })

  it.each([
    [' , ', /^SFU_URL: names no address/],
    ['http://a http://b', /^SFU_URL: must not hold spaces/],
    ['http://127.0.0.1:1,ws://b', /^SFU_URL.1: must begin with http/],
    ['http://a:1,http://a:1/', /^SFU_URL: names an address twice/],
    [
      'http://10.1.2.3:7880,http://10.1.2.4:7880',
      /^RECORDINGS_RTP_ADDRESS: must be an address of this machine/,
    ],
  ])('refuses the list of media servers %j in words', (SFU_URL, fault) => {
    expect(parseConfig({ SFU_URL }).faults).toEqual([expect.stringMatching(fault)])
  })

  it('reads a list of webhook addresses, which may be empty', () => {
    expect(parseConfig({ WEBHOOK_URLS: 'http://a/x, https://b/y/' }).config!.webhookUrls).toEqual([
      'http://a/x',
      'https://b/y/',
    ])
    expect(parseConfig({ WEBHOOK_URLS: ',' }).config!.webhookUrls).toEqual([])
  })

  it('takes an empty variable as absent', () => {
    const names =
      'NODE_ENV LOG_LEVEL RECORDINGS_PORT RECORDINGS_BIND RECORDINGS_RTP_ADDRESS SFU_URL WEBHOOK_URLS DATA_DIR FFMPEG_PATH PUBLIC_RECORDINGS_URL RECORDINGS_NICE LIVEKIT_API_KEY LIVEKIT_API_SECRET'
    const empty = Object.fromEntries(names.split(' ').map(name => [name, '']))
    expect(parseConfig(empty)).toEqual(parseConfig({}))
    expect(parseConfig(empty).config!.sfuUrls).toEqual(['http://127.0.0.1:7880'])
  })
})
