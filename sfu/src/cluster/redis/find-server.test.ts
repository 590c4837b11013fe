import { describe, expect, it } from 'vitest'
import { judgeServer } from './find-server.ts'

const good = {
  redis_version: '7.0.15',
  cluster_enabled: '0',
  loading: '0',
  role: 'master',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  run_id: 'abc',
}
const judged = (fields: Partial<typeof good>) =>
  judgeServer(
    `# Server\r\n${Object.entries({ ...good, ...fields })
      .map(([name, value]) => `${name}:${value}`)
      .join('\r\n')}`,
    '10.0.0.5:6379',
  )

describe('a Redis server is looked at before it is used', () => {
  it('serves when it is new enough, in charge and drops nothing', () => {
    expect(judged({})).toEqual({ version: '7.0.15', isForgetful: false, life: 'abc' })
    expect(judged({ redis_version: '8.2.0', aof_enabled: '0' })).toEqual({
      version: '8.2.0',
      isForgetful: true,
      life: 'abc',
    })
  })

  it.each([
    [{ redis_version: '6.2.14' }, '7.0 or newer'],
    [{ redis_version: '' }, 'version unknown'],
    [{ cluster_enabled: '1' }, 'redis+sentinel://'],
    [{ maxmemory_policy: 'allkeys-lru' }, 'set "maxmemory-policy noeviction"'],
    [{ role: 'slave' }, 'a copy of another server'],
    [{ loading: '1' }, 'still loading'],
  ])('%o does not: %s', (fields, words) => {
    expect(() => judged(fields)).toThrow(words)
  })
})
