/** Clients of several networks at one SFU: each is told the addresses of its own, by IPv4 and IPv6, over UDP and TCP. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectWays, iceLab } from './room-support/ice-lab.ts'
import { expectPicture, Scenario } from './room-support/scenario.ts'

/** A reverse proxy to the SFU's signalling that hears its clients from `clientAddress`. */
class ForwardingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  private constructor(server: Server) {
    this.#server = server
  }
  static async create(port: number, clientAddress: string): Promise<ForwardingProxy> {
    const server = createServer()
    const proxy = new ForwardingProxy(server)
    server.on('connection', client => {
      const upstream = connect(port, '127.0.0.1')
      for (const socket of [client, upstream]) {
        proxy.#sockets.add(socket)
        socket.on('error', () => socket.destroy())
      }
      client.once('data', head => {
        const [line = '', ...rest] = head.toString('latin1').split('\r\n')
        upstream.write([line, `X-Forwarded-For: ${clientAddress}`, ...rest].join('\r\n'), 'latin1')
        client.pipe(upstream)
      })
      upstream.pipe(client)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }
  get wsUrl(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

const ownIpv6 = Object.values(networkInterfaces())
  .flatMap(addresses => addresses ?? [])
  .filter(({ family, address }) => family === 'IPv6' && !address.startsWith('fe80:'))
  .sort((a, b) => Number(a.internal) - Number(b.internal))[0]?.address
if (!ownIpv6)
  console.warn(
    'networks.int.test.ts: no IPv6 on this machine; announced-addresses.test.ts shows its candidates',
  )

const isBrowsersOwn = (way: { localType: string }) => way.localType === 'host' || way.localType === 'prflx'

describe('an SFU on several networks', () => {
  let scenario: Scenario
  let government: ForwardingProxy
  beforeAll(async () => {
    const announced = [
      '10.0.0.0/8=127.0.0.2',
      '0.0.0.0/0=127.0.0.1',
      ...(ownIpv6 ? [`fd00:6::/64=${ownIpv6}`] : []),
    ]
    scenario = await Scenario.create({
      sfu: {
        announcedAddress: announced.join(','),
        // Each address has a socket of its own here: one for all would answer from whichever the kernel prefers.
        env: {
          SFU_MEDIA_BIND: ['127.0.0.1', '127.0.0.2', ...(ownIpv6 ? [ownIpv6] : [])].join(','),
          SFU_TRUST_PROXY: '127.0.0.1',
        },
      },
    })
    government = await ForwardingProxy.create(Number(new URL(scenario.sfu.url).port), '10.200.3.4')
  })
  afterEach(() => scenario.reset())
  afterAll(async () => {
    await government?.close()
    await scenario?.close()
  })

  it('tells each client the address of the network it came from, and both meet', async () => {
    const room = scenario.newRoom()
    const [inside, outside] = await Promise.all([
      scenario.join(room, 'inside', { url: government.wsUrl }),
      scenario.join(room, 'outside'),
    ])
    await Promise.all([inside.publishDrawing({}), outside.publishDrawing({})])
    await Promise.all([expectPicture(inside, 'outside'), expectPicture(outside, 'inside')])
    for (const [client, own, other] of [
      [inside, '127.0.0.2', '127.0.0.1'],
      [outside, '127.0.0.1', '127.0.0.2'],
    ] as const) {
      const candidates = await iceLab(client).serverCandidates()
      // One for UDP, one for TCP.
      expect(candidates.filter(line => line.includes(` ${own} `))).toHaveLength(2)
      expect(candidates.filter(line => line.includes(` ${other} `))).toEqual([])
      await expectWays(client, 2, way => isBrowsersOwn(way) && way.remote.startsWith(`${own}:`))
    }
  })

  it('is reached by TCP where UDP is blocked, in both directions', async () => {
    const room = scenario.newRoom()
    const walled = await scenario.browser.open()
    await iceLab(walled).allowCandidates(' tcp ')
    await walled.connect(scenario.sfu.wsUrl, await scenario.sfu.token({ room, identity: 'walled' }))
    const open = await scenario.join(room, 'open')
    await Promise.all([walled.publishDrawing({}), open.publishDrawing({})])
    await Promise.all([expectPicture(open, 'walled'), expectPicture(walled, 'open')])
    await expectWays(walled, 2, way => way.protocol === 'tcp')
    await expectWays(open, 2, way => way.protocol === 'udp')
  })

  it.skipIf(!ownIpv6)('is reached over IPv6 by a client that came by IPv6', async () => {
    const room = scenario.newRoom()
    const proxy = await ForwardingProxy.create(Number(new URL(scenario.sfu.url).port), 'fd00:6::7')
    try {
      const [six, four] = await Promise.all([
        scenario.join(room, 'six', { url: proxy.wsUrl }),
        scenario.join(room, 'four'),
      ])
      await Promise.all([six.publishDrawing({}), four.publishDrawing({})])
      await Promise.all([expectPicture(four, 'six'), expectPicture(six, 'four')])
      const candidates = await iceLab(six).serverCandidates()
      expect(candidates.map(line => line.split(' ')[4])).toEqual([ownIpv6, ownIpv6])
      await expectWays(six, 2, way => way.remote.replace(/[[\]]/g, '').startsWith(`${ownIpv6}:`))
      await six.leave()
    } finally {
      await proxy.close()
    }
  })
})
