import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../config.ts'

const SECRET = '0123456789abcdef0123456789abcdef'
const KEYS = { LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: SECRET }
/** A cluster on one machine, in development. */
const LOCAL = { REDIS_URL: 'redis://127.0.0.1:6379', CLUSTER_SECRET: 'short' }
/** A node as it is set up for real. */
const REAL = {
  ...KEYS,
  NODE_ENV: 'production',
  REDIS_URL: 'redis://:pa55word@10.0.0.1',
  CLUSTER_SECRET: SECRET,
}
const ONE = () => ['10.0.0.5', '2001:db8::5']

const faultsOf = (env: Record<string, string | undefined>, machine = ONE): string[] => {
  try {
    readConfig(env, machine)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}
const clusterOf = (env: Record<string, string | undefined>, machine = ONE) => readConfig(env, machine).cluster

describe('cluster settings', () => {
  it('are none without REDIS_URL, whatever else is set, and nothing of the machine is asked', () => {
    const asked = () => {
      throw new Error('asked')
    }
    expect(readConfig({}, asked).cluster).toBeUndefined()
    const { REDIS_URL: _, ...rest } = REAL
    expect(readConfig({ ...rest, CLUSTER_SECRET: 'short', SFU_LINK_PORT: '7880' }, asked).cluster).toBe(
      undefined,
    )
  })

  it('keep a cluster in development on this machine, with whatever secret', () => {
    expect(clusterOf(LOCAL)).toEqual({
      redis: { target: expect.objectContaining({ tls: false, sentinelName: undefined }), ca: undefined },
      secret: 'short',
      isGathered: true,
      linkBind: '127.0.0.1',
      linkPort: 7881,
      linkAddress: '127.0.0.1:7881',
      pipes: { address: '127.0.0.1', firstPort: 8000, lastPort: 8999 },
      publicUrl: undefined,
      webhooksWaiting: 20_000,
    })
  })

  it('follow the only address of a machine that serves the network', () => {
    expect(clusterOf(REAL)).toMatchObject({
      linkBind: '0.0.0.0',
      linkAddress: '10.0.0.5:7881',
      pipes: { address: '10.0.0.5' },
    })
    expect(clusterOf({ ...REAL, SFU_BIND: '::' }, () => ['2001:db8::5'])).toMatchObject({
      linkBind: '::',
      linkAddress: '[2001:db8::5]:7881',
      pipes: { address: '2001:db8::5' },
    })
    expect(clusterOf({ ...REAL, SFU_LINK_BIND: '10.0.0.5' })).toMatchObject({
      linkBind: '10.0.0.5',
      linkAddress: '10.0.0.5:7881',
      pipes: { address: '10.0.0.5' },
    })
  })

  it('do not guess between several addresses; one setting is enough to say which', () => {
    const two = () => ['172.17.0.1', '10.0.0.5']
    const faults = faultsOf(REAL, two)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^SFU_LINK_ADDRESS: .*172\.17\.0\.1, 10\.0\.0\.5/)
    for (const chosen of [
      { SFU_LINK_ADDRESS: '10.0.0.5' },
      { SFU_PIPE_ADDRESS: '10.0.0.5' },
      { SFU_LINK_BIND: '10.0.0.5' },
    ])
      expect(clusterOf({ ...REAL, ...chosen }, two), JSON.stringify(chosen)).toMatchObject({
        linkAddress: '10.0.0.5:7881',
        pipes: { address: '10.0.0.5' },
      })
    // A name says nothing about where pipes are bound.
    expect(faultsOf({ ...REAL, SFU_LINK_ADDRESS: 'node1.example.vn:1234' }, two)[0]).toMatch(
      /^SFU_PIPE_ADDRESS: /,
    )
    expect(clusterOf({ ...REAL, SFU_LINK_ADDRESS: 'node1.example.vn:1234' })).toMatchObject({
      linkAddress: 'node1.example.vn:1234',
      pipes: { address: '10.0.0.5' },
    })
    expect(faultsOf(REAL, () => [])[0]).toContain('no address that other nodes could reach')
  })

  it('tell every fault at once, in words without a secret', () => {
    const faults = faultsOf({
      ...REAL,
      CLUSTER_SECRET: 'only-31-characters-are-not-32xx',
      SFU_LINK_PORT: '7883',
      SFU_WORKERS: '2',
      SFU_PIPE_PORTS: '7800-7900',
      SFU_PIPE_ADDRESS: '10.9.9.9',
      REDIS_CA_FILE: '/nowhere/ca.pem',
    })
    expect(faults.map(fault => fault.split(':')[0]).sort()).toEqual([
      'CLUSTER_SECRET',
      'REDIS_CA_FILE',
      'SFU_LINK_PORT',
      'SFU_PIPE_ADDRESS',
      'SFU_PIPE_PORTS',
    ])
    expect(faults.join('\n')).not.toContain('only-31')
    expect(faults.join('\n')).not.toContain('pa55word')
    expect(faultsOf({ ...LOCAL, CLUSTER_SECRET: '' })[0]).toMatch(/^CLUSTER_SECRET: needed/)
    // Development, but other machines can knock at the links.
    expect(faultsOf({ ...LOCAL, SFU_LINK_BIND: '10.0.0.5' })[0]).toMatch(/^CLUSTER_SECRET: /)
  })

  it('refuse what cannot be read, naming the setting', () => {
    for (const [name, value] of [
      ['REDIS_URL', 'redis://:pa55word@'],
      ['REDIS_URL', 'http://127.0.0.1'],
      ['SFU_LINK_BIND', 'eth0'],
      ['SFU_LINK_BIND', '10.9.9.9'],
      ['SFU_LINK_PORT', '0'],
      ['SFU_LINK_PORT', '7880'],
      ['SFU_LINK_ADDRESS', 'host:99999'],
      ['SFU_LINK_ADDRESS', 'two words'],
      ['SFU_LINK_ADDRESS', '[10.0.0.5]:7881'],
      ['SFU_PIPE_ADDRESS', 'node1.example.vn'],
      ['SFU_PIPE_PORTS', '8000'],
      ['SFU_PIPE_PORTS', '8000-8010'],
      ['SFU_PIPE_PORTS', '9000-8000'],
      ['SFU_PIPE_PORTS', '65000-66000'],
      ['SFU_PUBLIC_URL', 'https://media1.example.vn'],
    ] as const) {
      const faults = faultsOf({ ...REAL, SFU_LINK_BIND: '10.0.0.5', [name]: value })
      expect(faults, `${name}=${value}`).toHaveLength(1)
      expect(faults[0]).toMatch(new RegExp(`^${name}: `))
      expect(faults[0]).not.toContain('pa55word')
    }
  })

  it('let no node of a real cluster listen on the loopback only because its clients come through a proxy', () => {
    const behindProxy = { ...REAL, SFU_BIND: '127.0.0.1', SFU_MEDIA_BIND: '0.0.0.0' }
    expect(faultsOf(behindProxy).map(fault => fault.split(':')[0])).toEqual(['SFU_LINK_BIND'])
    expect(clusterOf({ ...behindProxy, SFU_LINK_BIND: '0.0.0.0' })?.linkAddress).toBe('10.0.0.5:7881')
    expect(clusterOf({ ...behindProxy, SFU_LINK_BIND: '127.0.0.1' })?.linkAddress).toBe('127.0.0.1:7881')
  })

  it('take a certificate authority for Redis only with TLS and only a certificate', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'diemcau-ca-'))
    try {
      const file = path.join(folder, 'ca.pem')
      const tls = { ...LOCAL, REDIS_URL: 'rediss://127.0.0.1', REDIS_CA_FILE: file }
      expect(faultsOf(tls)).toEqual([`REDIS_CA_FILE: ${file} cannot be read (ENOENT)`])
      writeFileSync(file, 'no certificate')
      expect(faultsOf(tls)).toEqual([`REDIS_CA_FILE: ${file} holds no certificate (PEM)`])
      const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
      writeFileSync(file, pem)
      expect(clusterOf(tls)?.redis).toMatchObject({ ca: pem, target: { tls: true } })
      expect(faultsOf({ ...tls, REDIS_URL: LOCAL.REDIS_URL })[0]).toMatch(/^REDIS_CA_FILE: .*rediss/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
