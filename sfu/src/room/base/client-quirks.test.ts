import { describe, expect, it } from 'vitest'
import { browserOf, canShareStreams } from './client-quirks.ts'

const client = (sdk: string, version: string, browser = '', browserVersion = '') =>
  canShareStreams({ sdk, version, browser, browserVersion })

describe('sound and picture share a stream for a client', () => {
  it('that reads which section carries which track, in any browser', () => {
    expect(client('js', '2.15.11', 'Firefox', '153.0')).toBe(true)
    expect(client('JS', '2.23.0', 'Chrome', '156.0.1.2')).toBe(true)
    expect(client('js', '3.0', 'Firefox', '153.0')).toBe(true)
  })

  it('that does not, where a received track keeps its id only', () => {
    for (const version of ['2.15.10', '2.5.10', '1.15.13', '', 'dev']) {
      expect(client('js', version, 'Firefox', '128.0'), version).toBe(false)
      expect(client('js', version, 'Chrome', '154.0'), version).toBe(false)
      expect(client('js', version, 'Chrome', '153.9.9'), version).toBe(true)
      expect(client('js', version, 'Safari', '18.3'), version).toBe(true)
    }
    expect(client('flutter', '2.17.0', 'firefox', '153')).toBe(false)
  })

  it('that is no browser or says nothing of itself', () => {
    expect(client('rust', '0.12.0')).toBe(true)
    expect(client('', '')).toBe(true)
  })
})

describe('the browser of a User-Agent', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'Firefox', '153.0'],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      'Chrome',
      '156.0.0.0',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0 Safari/537.36 Edg/156.0',
      'Chrome',
      '156.0',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1',
      'Safari',
      '18.3',
    ],
  ])('%s', (userAgent, browser, browserVersion) => {
    expect(browserOf(userAgent)).toEqual({ browser, browserVersion })
  })

  it('is nobody’s without a browser, and Firefox’s on iOS is none of Firefox’s', () => {
    expect(browserOf('')).toBeUndefined()
    expect(browserOf('livekit-rust/0.12')).toBeUndefined()
    const onIos =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15'
    expect(browserOf(onIos)?.browser).not.toBe('Firefox')
  })
})
