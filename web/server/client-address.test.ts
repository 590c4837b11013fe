import { describe, expect, it } from 'vitest'
import { clientAddress } from './client-address.ts'

const request = (headers: Record<string, string>, remoteAddress = '::ffff:10.0.0.7') => ({
  headers,
  socket: { remoteAddress },
})

describe('client address', () => {
  it('believes nobody but the socket without a trusted proxy', () => {
    const headers = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-real-ip': '9.9.9.9' }
    expect(clientAddress(request(headers), false)).toEqual({ ip: '10.0.0.7', secure: false })
  })
  it('takes what the proxy itself wrote, not what the client put before it', () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 1.2.3.4', 'x-forwarded-proto': 'https' }
    expect(clientAddress(request(headers), true)).toEqual({ ip: '1.2.3.4', secure: true })
    expect(clientAddress(request({}), true)).toEqual({ ip: '10.0.0.7', secure: false })
  })
})
