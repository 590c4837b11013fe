import { describe, expect, it } from 'vitest'
import { contentPolicy, type PageFacts, securityHeaders } from './security-headers.ts'

const page = (over: Partial<PageFacts> = {}): PageFacts => ({
  nonce: 'abc',
  secure: false,
  hosts: ['localhost:3000'],
  mediaUrl: null,
  mediaPort: '7880',
  dev: false,
  ...over,
})
const directive = (policy: string, name: string): string[] =>
  policy
    .split('; ')
    .find(one => one.startsWith(`${name} `))
    ?.split(' ')
    .slice(1) ?? []

describe('contentPolicy', () => {
  it('runs scripts by their nonce and nothing else', () => {
    const scripts = directive(contentPolicy(page()), 'script-src')
    expect(scripts).toEqual(["'self'", "'nonce-abc'", "'strict-dynamic'"])
    expect(directive(contentPolicy(page()), 'base-uri')).toEqual(["'none'"])
    expect(directive(contentPolicy(page()), 'object-src')).toEqual(["'none'"])
  })
  it('lets pages reach the media server on their own host', () => {
    const sources = directive(contentPolicy(page()), 'connect-src')
    for (const source of ['ws://localhost:7880', 'http://localhost:7880', 'wss://localhost:7880'])
      expect(sources).toContain(source)
    const ipv6 = directive(contentPolicy(page({ hosts: ['[2001:db8::5]:3000'] })), 'connect-src')
    expect(ipv6).toContain('ws://[2001:db8::5]:7880')
  })
  it('lets pages reach a media server of its own name only, encrypted when that is', () => {
    const sources = directive(contentPolicy(page({ mediaUrl: 'wss://media.example.vn/sfu' })), 'connect-src')
    expect(sources).toEqual([
      "'self'",
      'data:',
      'blob:',
      'wss://media.example.vn',
      'https://media.example.vn',
    ])
  })
  it.each(['x; script-src *', 'a b', "'none'", '', undefined, 'a/../b', '*', '*.example', 'a,b'])(
    'takes nothing from a host like %j',
    host => {
      const policy = contentPolicy(page({ hosts: [host] }))
      expect(policy.match(/script-src/g)).toHaveLength(1)
      for (const source of directive(policy, 'connect-src'))
        expect(source).toMatch(/^'self'$|^data:$|^blob:$|^(wss?|https?):\/\/[\w.-]+(:\d+)?$/)
      expect(directive(policy, 'connect-src').join(' ')).not.toContain('*')
    },
  )
})

it('speaks of https for ever only over https', () => {
  expect(securityHeaders(page())).not.toHaveProperty('Strict-Transport-Security')
  expect(securityHeaders(page({ secure: true }))['Strict-Transport-Security']).toContain('max-age=31536000')
})
