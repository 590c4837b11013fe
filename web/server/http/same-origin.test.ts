import { expect, it } from 'vitest'
import { ownHost } from './same-origin.ts'

const PUBLIC = 'https://hop.example.vn'
const ask = (
  origin: string | undefined,
  host: string | undefined,
  over: { forwardedHost?: string; secure?: boolean; publicUrl?: string } = {},
) =>
  ownHost(
    { origin, host, forwardedHost: over.forwardedHost, secure: over.secure ?? false },
    over.publicUrl ?? PUBLIC,
  )

it.each([
  // The proxy passes on what it likes.
  ['https://hop.example.vn', '127.0.0.1:3000', {}],
  ['https://hop.example.vn', undefined, {}],
  ['https://hop.example.vn', 'hop.example.vn', { secure: true }],
  ['https://hop.example.vn', 'HOP.Example.VN', {}],
  ['https://hop.example.vn', 'hop.example.vn:443', { publicUrl: 'https://other.example' }],
  ['https://hop.example.vn', 'hop.example.vn.', { publicUrl: 'https://other.example' }],
  ['https://hop.example.vn.', 'hop.example.vn', {}],
  ['https://hop.example.vn', 'portal:3000', { publicUrl: 'https://HOP.example.vn:443/' }],
  ['https://noi-bo.example.vn', 'portal:3000', { forwardedHost: 'noi-bo.example.vn' }],
  ['https://noi-bo.example.vn', 'portal:3000', { forwardedHost: 'spoofed.example, noi-bo.example.vn:443' }],
  ['http://10.0.0.5:3000', '10.0.0.5:3000', { publicUrl: 'http://localhost:3000' }],
  ['http://[2001:db8::5]:3000', '[2001:DB8::5]:3000', {}],
  // By http where the address is https: no secret goes with it, and the page says so.
  ['http://hop.example.vn', 'hop.example.vn', {}],
] as const)('takes %s at %s', (origin, host, over) => {
  expect(ask(origin, host, over)).toBe(new URL(origin).host)
})

it.each([
  ['https://evil.example', 'hop.example.vn', {}],
  ['https://hop.example.vn.evil.example', 'hop.example.vn', {}],
  ['https://hop.example.vn:8443', 'hop.example.vn', {}],
  ['https://hop.example.vn@evil.example', 'hop.example.vn', {}],
  ['http://hop.example.vn', '127.0.0.1:3000', {}],
  ['http://hop.example.vn', 'hop.example.vn', { secure: true }],
  ['https://evil.example', 'portal:3000', { forwardedHost: 'evil.example, hop.example.vn' }],
  ['https://evil.example', 'evil.example/@hop.example.vn', {}],
  ['null', 'hop.example.vn', {}],
  ['', 'hop.example.vn', {}],
  [undefined, 'hop.example.vn', {}],
  ['file://hop.example.vn', 'hop.example.vn', {}],
  ['chrome-extension://hop.example.vn', 'hop.example.vn', {}],
] as const)('refuses %s at %s', (origin, host, over) => {
  expect(ask(origin, host, over)).toBeNull()
})
