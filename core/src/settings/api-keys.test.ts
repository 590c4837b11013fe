import { describe, expect, it } from 'vitest'
import { readApiKeys } from './api-keys.ts'

const here = { NODE_ENV: 'development', bind: '127.0.0.1' }
const production = { NODE_ENV: 'production', bind: '127.0.0.1' }
const secret = 'a-secret-of-our-own-with-enough-letters'

describe('key pairs', () => {
  it('are the own pair first, then the extra ones; blanks and empty entries say nothing', () => {
    const given = { LIVEKIT_API_KEY: 'own', LIVEKIT_API_SECRET: 's', LIVEKIT_EXTRA_KEYS: ' a:1, ,b : 2,' }
    expect(readApiKeys(given, here)).toEqual({
      keys: [
        { key: 'own', secret: 's' },
        { key: 'a', secret: '1' },
        { key: 'b', secret: '2' },
      ],
      faults: [],
    })
    expect(readApiKeys({ LIVEKIT_EXTRA_KEYS: '' }, here).keys).toEqual([{ key: 'devkey', secret: 'secret' }])
  })
  it.each(['no-secret', 'a:', ':b', 'a:b:hidden'])('refuse %s without showing it', pair => {
    const { faults } = readApiKeys({ LIVEKIT_EXTRA_KEYS: pair }, here)
    expect(faults).toEqual(['LIVEKIT_EXTRA_KEYS: expected key:secret pairs separated by commas'])
  })
  it('refuse one key twice, also the own one', () => {
    const given = { LIVEKIT_API_KEY: 'own', LIVEKIT_API_SECRET: 's' }
    expect(readApiKeys({ ...given, LIVEKIT_EXTRA_KEYS: 'own:x' }, here).faults).toHaveLength(1)
    expect(readApiKeys({ ...given, LIVEKIT_EXTRA_KEYS: 'a:x,a:y' }, here).faults).toHaveLength(1)
  })
  it('are held to the same rule, each of them', () => {
    const own = { LIVEKIT_API_KEY: 'own', LIVEKIT_API_SECRET: secret }
    expect(readApiKeys({ ...own, LIVEKIT_EXTRA_KEYS: `old:${secret}` }, production).faults).toEqual([])
    expect(readApiKeys({ ...own, LIVEKIT_EXTRA_KEYS: 'old:short' }, production).faults).toHaveLength(1)
    expect(readApiKeys({ ...own, LIVEKIT_EXTRA_KEYS: `devkey:${secret}` }, production).faults).toHaveLength(1)
    expect(readApiKeys({}, production).faults).toHaveLength(2)
  })
})
