import { describe, expect, it } from 'vitest'
import { redisUrl } from './redis-url.ts'

const faultOf = (text: string) =>
  redisUrl
    .safeParse(text)
    .error?.issues.map(issue => issue.message)
    .join('\n')

const plain = {
  sentinelName: undefined,
  tls: false,
  username: undefined,
  password: undefined,
  sentinelPassword: undefined,
  database: 0,
}

describe('REDIS_URL', () => {
  it.each([
    ['redis://10.0.0.5', { ...plain, addresses: [{ host: '10.0.0.5', port: 6379 }] }],
    [
      'redis://redis.xa.example:7000/2',
      { ...plain, addresses: [{ host: 'redis.xa.example', port: 7000 }], database: 2 },
    ],
    ['redis://[2001:db8::1]:7000', { ...plain, addresses: [{ host: '2001:db8::1', port: 7000 }] }],
    [
      'rediss://node:p%40ss%3Aword@redis.example',
      {
        ...plain,
        tls: true,
        username: 'node',
        password: 'p@ss:word',
        addresses: [{ host: 'redis.example', port: 6379 }],
      },
    ],
    ['redis://:secret@h', { ...plain, password: 'secret', addresses: [{ host: 'h', port: 6379 }] }],
    [
      'redis+sentinel://:secret@10.0.0.1,10.0.0.2:26380,[::1]/diemcau/1?sentinelPassword=a%26b',
      {
        ...plain,
        password: 'secret',
        sentinelName: 'diemcau',
        sentinelPassword: 'a&b',
        database: 1,
        addresses: [
          { host: '10.0.0.1', port: 26_379 },
          { host: '10.0.0.2', port: 26_380 },
          { host: '::1', port: 26_379 },
        ],
      },
    ],
    [
      'rediss+sentinel://s1/diemcau',
      { ...plain, tls: true, sentinelName: 'diemcau', addresses: [{ host: 's1', port: 26_379 }] },
    ],
  ])('%s is understood', (text, target) => {
    expect(redisUrl.parse(text)).toEqual(target)
  })

  it.each([
    ['http://h', 'expected redis://'],
    ['redis://', 'expected redis://'],
    ['redis://:hunter2@h:port', 'not of the form host:port'],
    ['redis://:hunter2@h:70000', 'not of the form host:port'],
    ['redis://:hunter2@a,b', 'redis+sentinel://'],
    ['redis+sentinel://:hunter2@a,b', 'name that the Sentinels give'],
    ['redis://:hunter2@h/one', 'number of a database'],
    ['redis://:hunter2@h/0/1', 'number of a database'],
    ['redis://:hunter2%@h', 'percent-encoded'],
    ['redis://:hunter2@x@h', 'expected redis://'],
    ['redis://h?sentinelPassword=hunter2', 'only with redis+sentinel://'],
    ['redis+sentinel://h/n?password=hunter2', 'only sentinelPassword'],
  ])('%s is refused in words, and what may be a password is not repeated', (text, words) => {
    const fault = faultOf(text)
    expect(fault).toContain(words)
    expect(fault).not.toContain('hunter2')
  })
})
