import { describe, expect, it } from 'vitest'
import { parseConfig } from './config.ts'

const OWN_SECRET = 'a-secret-of-our-own-with-enough-letters'

describe('parseConfig', () => {
  it('has a default for everything', () => {
    const { config } = parseConfig({})
    expect(config).toMatchObject({
      port: 7980,
      bind: '127.0.0.1',
      sfuUrl: 'http://127.0.0.1:7880',
      apiKey: 'devkey',
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

  it('reads a list of webhook addresses, which may be empty', () => {
    expect(parseConfig({ WEBHOOK_URLS: 'http://a/x, https://b/y/' }).config!.webhookUrls).toEqual([
      'http://a/x',
      'https://b/y/',
    ])
    expect(parseConfig({ WEBHOOK_URLS: '' }).config!.webhookUrls).toEqual([])
  })
})
