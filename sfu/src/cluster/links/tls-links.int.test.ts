import { randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { Log } from '../../room/base/log.ts'
import { silentLog } from '../../room/base/log.ts'
import { deriveLinkKeys, PSK_IDENTITY, sealHello } from './handshake.ts'
import type { LinkLimits } from './link-limits.ts'
import type { Incarnation, LinkListener } from './node-links.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { TlsLinks, type TlsLinksOptions } from './tls-links.ts'

const SECRET = 'a secret of tests with 32 characters and more'
const A = 'ND_a' as Incarnation
const B = 'ND_b' as Incarnation
const C = 'ND_c' as Incarnation
const bytes = (value: string) => new TextEncoder().encode(value)
const text = (value: Uint8Array) => new TextDecoder().decode(value)

let open: { close(): Promise<unknown> }[] = []
const handles = () =>
  process.getActiveResourcesInfo().filter(kind => /^(TCP|TLS|Pipe(?!Wrap))/.test(kind)).length
let handlesBefore = 0
beforeEach(() => {
  handlesBefore = handles()
})
afterEach(async () => {
  for (const one of open.toReversed()) await one.close()
  open = []
  await eventually(() => (handles() > handlesBefore ? `${handles()} sockets are left` : null))
})

interface TestNode {
  links: TlsLinks
  heard: string[]
  address: string
  /** Lines of the log, as JSON. */
  logged: string[]
}
async function node(
  self: Incarnation,
  options: Partial<TlsLinksOptions> & { limits?: Partial<LinkLimits> } = {},
  on: Partial<LinkListener> = {},
): Promise<TestNode> {
  const logged: string[] = []
  const write = (context: object, message: string) =>
    void logged.push(JSON.stringify({ ...context, message }))
  const log: Log = { ...silentLog, debug: write, info: write, warn: write, error: write }
  const links = await TlsLinks.create({ self, secret: SECRET, bind: '127.0.0.1', port: 0, log, ...options })
  open.push(links)
  const heard: string[] = []
  links.start({
    linkUp: peer => heard.push(`up ${peer}`),
    linkDown: (peer, why) => heard.push(`down ${peer} ${why}`),
    restarted: (peer, { direction, isDataLost }) =>
      heard.push(`restarted ${peer} ${direction}${isDataLost ? ' data lost' : ''}`),
    message: (peer, kind, payload) => heard.push(`${peer} ${kind} ${text(payload.subarray(0, 12)).trim()}`),
    call: async (_peer, method, payload) => bytes(`${method}(${text(payload)})`),
    refused: (peer, why) => heard.push(`refused ${peer} ${why}`),
    ...on,
  })
  return { links, heard, address: `127.0.0.1:${links.port}`, logged }
}
const meet = (one: TestNode, ...others: { links: { self: Incarnation }; address: string | null }[]) =>
  one.links.meet(others.map(({ links, address }) => ({ incarnation: links.self, address })))
const has = ({ heard }: TestNode, line: string) => heard.includes(line)
const hears = (one: TestNode, line: string) =>
  eventually(() => (has(one, line) ? null : `${line} is not among ${one.heard.slice(-5).join(', ')}`))
const proxyTo = async (one: TestNode): Promise<TcpProxy> => {
  const proxy = await TcpProxy.to(one.links.port)
  open.push(proxy)
  return proxy
}
/** A dials B through the proxy. */
const twoThroughProxy = async (limits: Partial<LinkLimits> = {}) => {
  const [a, b] = [await node(A, { limits }), await node(B, { limits })]
  const proxy = await proxyTo(b)
  meet(a, { links: b.links, address: `127.0.0.1:${proxy.port}` })
  meet(b, { links: a.links, address: a.address })
  await hears(a, `up ${B}`)
  await hears(b, `up ${A}`)
  return { a, b, proxy }
}
const padded = (i: number, length = 1_000) => bytes(`${i}`.padEnd(length))
const dataIn = ({ heard }: TestNode, from: Incarnation) =>
  heard.filter(line => line.startsWith(`${from} data `)).map(line => Number(line.split(' ')[2]))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('nodes of a cluster', () => {
  test('three have one connection a pair, whoever knows whom, and talk', async () => {
    const [a, b, c] = [await node(A), await node(B), await node(C)]
    meet(a, b, c)
    // B knows nobody, and C knows no address of B: those who dial are enough.
    meet(b, c)
    for (const [one, peers] of [
      [a, [B, C]],
      [b, [A, C]],
      [c, [A, B]],
    ] as const)
      for (const peer of peers) await hears(one, `up ${peer}`)
    b.links.send(A, 'member', bytes('fact'))
    b.links.sendLatest(C, 'speakers', 'RM_1', bytes('loud'))
    b.links.sendLossy(C, 'lossy', bytes('lossy'))
    await hears(a, `${B} member fact`)
    await hears(c, `${B} speakers loud`)
    await hears(c, `${B} lossy lossy`)
    expect(text(await a.links.call(C, 'mute', bytes('x'), { deadlineMs: 20_000 }))).toBe('mute(x)')
    expect(a.heard.filter(line => line.startsWith('up'))).toHaveLength(2)
    await eventually(() =>
      a.links.peers().every(peer => peer.roundTripMs !== null) ? null : 'no round trip',
    )
  })

  test('a message of 16 MiB arrives, among small ones and in order', async () => {
    const sizes: number[] = []
    const [a, b] = [
      await node(A),
      await node(B, {}, { message: (_peer, _kind, payload) => sizes.push(payload.length) }),
    ]
    meet(a, b)
    await hears(a, `up ${B}`)
    const large = 16 * 1024 * 1024
    for (const size of [1, large, 0, 300_000, 2]) a.links.send(B, 'data', new Uint8Array(size))
    await eventually(() => (sizes.length === 5 ? null : `${sizes.length} came`))
    expect(sizes).toEqual([1, large, 0, 300_000, 2])
  })

  test('a new incarnation at the same address is a new link, and not taken for the former', async () => {
    const a = await node(A)
    const former = await node(B)
    meet(a, former)
    await hears(a, `up ${B}`)
    const { port } = former.links
    await former.links.close()
    await hears(a, `down ${B} closed`)
    const later = await node('ND_b2' as Incarnation, { port })
    await hears(a, `refused ${B} other_incarnation`)
    expect(later.heard).toEqual([])
    meet(a, later)
    await hears(a, 'up ND_b2')
    a.links.bury(B)
    expect(a.links.peers().map(({ incarnation }) => incarnation)).toEqual(['ND_b2'])
  })

  test('a buried incarnation is refused', async () => {
    const [a, b] = [await node(A), await node(B)]
    meet(a, b)
    await hears(b, `up ${A}`)
    b.links.bury(A)
    await hears(a, `down ${B} buried`)
    await hears(a, `refused ${B} buried`)
    expect(b.heard).toEqual([`up ${A}`, `down ${A} stopped`])
  })

  test('an address that leads back to the node itself makes no link', async () => {
    const a = await node(A)
    a.links.meet([{ incarnation: B, address: a.address }])
    await hears(a, `refused ${B} other_incarnation`)
    expect(a.heard.some(line => line.startsWith('up'))).toBe(false)
  })

  test('closing does not wait for who does not answer', async () => {
    const a = await node(A)
    const silent = await TcpProxy.to(a.links.port)
    open.push(silent)
    silent.isStalled = true
    a.links.meet([{ incarnation: B, address: `127.0.0.1:${silent.port}` }])
    await eventually(() => (silent.connections > 0 ? null : 'it has not dialled'))
    const since = performance.now()
    await a.links.close()
    expect(performance.now() - since).toBeLessThan(1_500)
  })

  test('closing gives the port back, and a port in use is said', async () => {
    const a = await node(A)
    const { port } = a.links
    await expect(TlsLinks.create({ self: B, secret: SECRET, bind: '127.0.0.1', port })).rejects.toMatchObject(
      { code: 'port_in_use' },
    )
    await a.links.close()
    await a.links.close()
    const again = await node(B, { port })
    expect(again.links.port).toBe(port)
  })
})

describe('a bad network', () => {
  test('cut again and again in the middle of a flow: all comes once and in order, both ways', async () => {
    const { a, b, proxy } = await twoThroughProxy()
    proxy.cutAfterBytes = 300_000
    proxy.cut()
    for (let i = 1; i <= 2_000; i++) {
      a.links.send(B, 'data', padded(i))
      b.links.send(A, 'data', padded(i, 200))
      if (i % 50 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await eventually(
      () => (dataIn(b, A).length >= 2_000 ? null : `${dataIn(b, A).length} of 2000 came`),
      60_000,
    )
    await eventually(
      () => (dataIn(a, B).length >= 2_000 ? null : `${dataIn(a, B).length} of 2000 came`),
      60_000,
    )
    expect(dataIn(b, A)).toEqual(upTo(2_000))
    expect(dataIn(a, B)).toEqual(upTo(2_000))
    expect(proxy.connections).toBeGreaterThan(4)
    expect([...a.heard, ...b.heard].filter(line => line.startsWith('restarted'))).toEqual([])
  })

  test('a changed byte ends the connection and reaches nobody', async () => {
    const { a, b, proxy } = await twoThroughProxy()
    proxy.spoilAfterBytes = 100_000
    for (let i = 1; i <= 500; i++) a.links.send(B, 'data', padded(i))
    await eventually(() => (dataIn(b, A).length >= 500 ? null : `${dataIn(b, A).length} of 500 came`))
    expect(dataIn(b, A)).toEqual(upTo(500))
    expect(proxy.spoilAfterBytes).toBeNull()
    expect(proxy.connections).toBe(2)
  })

  test('silence ends the link at both ends, and it comes back with what was sent', async () => {
    const { a, b, proxy } = await twoThroughProxy()
    proxy.isStalled = true
    const since = performance.now()
    await hears(a, `down ${B} silent`)
    expect(performance.now() - since).toBeGreaterThan(1_900)
    await eventually(() => (b.heard.some(line => line.startsWith('down')) ? null : 'still up'))
    a.links.send(B, 'data', padded(1))
    proxy.isStalled = false
    await eventually(() => (dataIn(b, A).length > 0 ? null : 'nothing came'))
    expect(dataIn(b, A)).toEqual([1])
  })

  test('who takes too little is cut at the bound of bytes, and both are told', async () => {
    const { a, b, proxy } = await twoThroughProxy({ unackedBytes: 400_000 })
    proxy.bytesPerSecond = 40_000
    let refusedFrom = 0
    for (let i = 1; i <= 1_000 && refusedFrom === 0; i++)
      if (!a.links.send(B, 'data', padded(i))) refusedFrom = i
    expect(refusedFrom).toBeGreaterThan(300)
    expect(refusedFrom).toBeLessThan(400)
    await hears(a, `down ${B} overflow`)
    proxy.bytesPerSecond = null
    await hears(a, `restarted ${B} outgoing data lost`)
    await hears(b, `restarted ${A} incoming data lost`)
    a.links.send(B, 'data', padded(5_000))
    await eventually(() => (dataIn(b, A).includes(5_000) ? null : 'not yet'))
    // Whatever came before was the beginning, without a hole.
    const before = dataIn(b, A).slice(0, -1)
    expect(before).toEqual(upTo(before.length))
    expect(before.length).toBeLessThan(refusedFrom)
    const told = b.heard.indexOf(`restarted ${A} incoming data lost`)
    expect(b.heard.slice(told).filter(line => line.startsWith(`${A} data`))).toEqual([`${A} data 5000`])
    expect(a.logged.join()).toContain('takes too little')
  })

  test('who takes too long is cut at the bound of time, though it is heard', async () => {
    const { a, b, proxy } = await twoThroughProxy({ unackedMs: 3_000 })
    proxy.bytesPerSecond = 20_000
    for (let i = 1; i <= 300; i++) a.links.send(B, 'data', padded(i))
    await hears(a, `down ${B} overflow`)
    expect(has(a, `down ${B} silent`)).toBe(false)
    proxy.bytesPerSecond = null
    await hears(a, `restarted ${B} outgoing data lost`)
    await hears(b, `restarted ${A} incoming data lost`)
  })
})

describe('strangers at the port', () => {
  /** All that comes back until the connection ends. */
  const knock = (port: number, say: (socket: ReturnType<typeof connectTcp>) => void) =>
    new Promise<Buffer>(resolve => {
      const got: Buffer[] = []
      const socket = connectTcp(port, '127.0.0.1', () => say(socket))
      socket.on('data', chunk => got.push(chunk))
      socket.on('error', () => socket.destroy())
      socket.on('close', () => resolve(Buffer.concat(got)))
    })
  /** The same by somebody who has the key of TLS and not that of hellos: further than a stranger comes. */
  const knockWithKey = async (port: number, say: (socket: TLSSocket) => void) => {
    const { psk } = await deriveLinkKeys(SECRET)
    return new Promise<Buffer>(resolve => {
      const got: Buffer[] = []
      const socket = connectTls({ port, host: '127.0.0.1', ...withKey(psk) }, () => say(socket))
      socket.on('data', chunk => got.push(chunk))
      socket.on('error', () => socket.destroy())
      socket.on('close', () => resolve(Buffer.concat(got)))
    })
  }
  const withKey = (psk: Buffer) =>
    ({
      minVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_128_GCM_SHA256',
      pskCallback: () => ({ psk, identity: PSK_IDENTITY }),
      checkServerIdentity: () => undefined,
    }) as const

  test('who says nothing gets nothing, and is gone in time', async () => {
    const b = await node(B, { handshakeMs: 500 })
    const since = performance.now()
    expect(await knock(b.links.port, () => {})).toHaveLength(0)
    expect(performance.now() - since).toBeGreaterThan(400)
    expect((await knockWithKey(b.links.port, () => {})).length).toBe(0)
    expect(b.links.strangers).toBe(0)
  })

  test('plain HTTP, garbage and huge lengths get nothing that tells what is here', async () => {
    const b = await node(B, { handshakeMs: 2_000 })
    const said: (string | Buffer)[] = [
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'SSH-2.0-x\r\n',
      Buffer.alloc(100_000, 0xff),
      randomBytes(100_000),
      // The head of a TLS record of the greatest length, and never its rest.
      Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), randomBytes(65_535)]),
    ]
    for (const what of said) {
      const got = await knock(b.links.port, socket => socket.write(what))
      // At most a TLS alert: 21, version, length 2, level, description (RFC 8446 §6).
      expect(got.length === 0 || (got.length === 7 && got[0] === 21)).toBe(true)
    }
    expect(b.links.peers()).toEqual([])
    expect(b.links.strangers).toBe(0)
  })

  test('with TLS but without the proof one gets not a byte, whatever is said', async () => {
    const b = await node(B, { handshakeMs: 2_000 })
    const { psk } = await deriveLinkKeys(SECRET)
    const forged = sealHello({ psk, proof: randomBytes(32) }, randomBytes(32), 'dialler', {
      from: A,
      to: B,
      had: null,
      refused: null,
    })
    const framed = (body: Buffer) => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(body.length)
      return Buffer.concat([head, body])
    }
    for (const what of [
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0, 0, 0, 0]),
      framed(Buffer.alloc(5_000)),
      framed(Buffer.from('short')),
      framed(forged),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ])
      expect(await knockWithKey(b.links.port, socket => socket.write(what))).toHaveLength(0)
    expect(b.heard).toEqual([])
    expect(b.links.peers()).toEqual([])
  })

  test('another secret makes no link, neither dialling nor dialled, and no secret is logged', async () => {
    const other = 'another secret of tests with 32 characters'
    const [a, b] = [await node(A, { secret: other }), await node(B)]
    meet(a, b)
    const c = await node(C, { secret: other })
    meet(b, c)
    await eventually(() =>
      [a, b].every(({ logged }) => logged.join().includes('cannot be reached')) ? null : 'nobody has tried',
    )
    for (const one of [a, b, c]) expect(one.heard).toEqual([])
    const lines = [a, b, c].flatMap(({ logged }) => logged).join('\n')
    expect(lines).toContain('not of the cluster')
    const { psk, proof } = await deriveLinkKeys(SECRET)
    for (const secret of [SECRET, other, psk.toString('hex'), proof.toString('hex'), psk.toString('base64')])
      expect(lines).not.toContain(secret)
  })

  test('a certificate does not stand in for the secret', async () => {
    const a = await node(A)
    // Somebody at the address of B who can do TLS, but has no key: it cannot even finish a handshake.
    const errors: string[] = []
    const server = createTlsServer({ minVersion: 'TLSv1.3' })
    server.on('tlsClientError', error => errors.push(error.message))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise(resolve => server.close(resolve)) })
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('it does not listen')
    a.links.meet([{ incarnation: B, address: `127.0.0.1:${address.port}` }])
    await eventually(() => (errors.length > 1 ? null : 'it was not dialled'))
    expect(a.heard).toEqual([])
  })

  test('hundreds that hold connections keep no node out, and are never more than the bound', async () => {
    const b = await node(B, { strangers: 16, handshakeMs: 20_000 })
    let most = 0
    const sockets = await Promise.all(
      upTo(200).map(
        () =>
          new Promise<ReturnType<typeof connectTcp>>(resolve => {
            const socket = connectTcp(b.links.port, '127.0.0.1', () => resolve(socket))
            socket.on('error', () => socket.destroy())
            most = Math.max(most, b.links.strangers)
          }),
      ),
    )
    open.push({ close: async () => sockets.forEach(socket => void socket.destroy()) })
    await eventually(() => (b.links.strangers === 16 ? null : `${b.links.strangers} are there`))
    const a = await node(A)
    meet(a, b)
    await hears(b, `up ${A}`)
    expect(most).toBeLessThanOrEqual(16)
    await eventually(() => {
      const left = sockets.filter(socket => !socket.destroyed && socket.readyState === 'open').length
      return left <= 16 ? null : `${left} are open`
    })
  })

  /** Two legs of TLS with the right key, every byte passed on in the clear between them. */
  const relay = async (
    port: number,
    pass: (chunk: Buffer, isForth: boolean, back: TLSSocket) => Buffer | null,
  ) => {
    const { psk } = await deriveLinkKeys(SECRET)
    const seen = { legs: 0, bytes: 0 }
    const sockets = new Set<TLSSocket>()
    const server = createTlsServer({ minVersion: 'TLSv1.3', pskCallback: () => psk })
    server.on('tlsClientError', () => {})
    server.on('secureConnection', near => {
      const far = connectTls({ port, host: '127.0.0.1', ...withKey(psk) }, () => {
        seen.legs += 1
      })
      for (const [from, to, isForth] of [
        [near, far, true],
        [far, near, false],
      ] as const) {
        sockets.add(from)
        from.on('data', (chunk: Buffer) => {
          seen.bytes += chunk.length
          const out = pass(chunk, isForth, from)
          if (out !== null) to.write(out)
        })
        from.on('error', () => from.destroy())
        from.on('close', () => to.destroy())
      }
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    open.push({
      close: () => {
        for (const socket of sockets) socket.destroy()
        return new Promise(resolve => server.close(resolve))
      },
    })
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('it does not listen')
    return { seen, address: `127.0.0.1:${address.port}` }
  }

  test('a relay that has the key of TLS passes the proofs on in vain', async () => {
    const [a, b] = [await node(A), await node(B)]
    const { seen, address } = await relay(b.links.port, chunk => chunk)
    meet(a, { links: b.links, address })
    await eventually(() => (seen.legs > 1 && seen.bytes > 100 ? null : JSON.stringify(seen)))
    expect([a.heard, b.heard]).toEqual([[], []])
    expect(b.logged.join()).toContain('not of the cluster')
  })

  test('a proof that is sent back to its maker is none', async () => {
    const [a, b] = [await node(A), await node(B)]
    let sentBack = 0
    const { address } = await relay(b.links.port, (chunk, isForth, back) => {
      if (isForth) {
        back.write(chunk)
        sentBack += 1
      }
      return null
    })
    meet(a, { links: b.links, address })
    await eventually(() => (sentBack > 1 ? null : 'nothing was said'))
    expect([a.heard, b.heard]).toEqual([[], []])
    expect(a.logged.join()).toContain('is not that node')
  })
})
