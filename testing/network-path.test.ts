import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SessionDescription, SignalResponse, TrickleRequest } from '@livekit/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { eventually } from './eventually.ts'
import { NetworkPath } from './network-path.ts'
import { NetworkLink, seededRandom } from './network-path-link.ts'
import { kindOfPacket, readPayloadKinds, rewriteDescription } from './network-path-packets.ts'

describe('a link', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('lets through what its bandwidth allows, drops what would wait too long, and speeds up at once', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const link = new NetworkLink(seededRandom(1))
    link.set({ kbps: 800, queueMs: 100 })
    let delivered = 0
    // 100 bytes take a millisecond: a hundred fit into the queue, and the one that is on the wire.
    for (let n = 0; n < 500; n++) link.push(100, 'other', () => delivered++)
    expect(link.counters.overflowed).toBe(399)
    vi.advanceTimersByTime(50)
    expect(delivered).toBe(50)
    link.set({ kbps: undefined })
    expect(delivered + link.counters.overflowed).toBe(500)
    link.close()
  })

  it('loses the same packets with the same seed, and only of the kinds asked for', () => {
    const run = () => {
      const link = new NetworkLink(seededRandom(7))
      link.set({ loss: 0.3, only: ['video'] })
      const got: number[] = []
      for (let n = 0; n < 1000; n++) link.push(10, n % 2 === 0 ? 'audio' : 'video', () => got.push(n))
      return { got, lost: link.counters.lost }
    }
    const first = run()
    expect(run()).toEqual(first)
    expect(first.got.filter(n => n % 2 === 0)).toHaveLength(500)
    expect(first.lost).toBeGreaterThan(100)
    expect(first.lost).toBeLessThan(200)
  })

  it('delays and keeps the order under jitter; a cut drops what is on its way', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const link = new NetworkLink(seededRandom(3))
    link.set({ delayMs: 20, jitterMs: 15 })
    const got: number[] = []
    for (let n = 0; n < 30; n++) link.push(10, 'other', () => got.push(n))
    vi.advanceTimersByTime(19)
    expect(got).toEqual([])
    vi.advanceTimersByTime(20 + 15 - 19)
    expect(got).toEqual(Array.from({ length: 30 }, (_, n) => n))
    link.push(10, 'other', () => got.push(99))
    link.isCut = true
    vi.advanceTimersByTime(20 + 15)
    expect(link.counters.cut).toBe(1)
    link.close()
    expect(got).toHaveLength(30)
  })
})

const SDP = [
  'v=0',
  'm=audio 7 UDP/TLS/RTP/SAVPF 111 63',
  'a=candidate:udpcandidate 1 udp 1076558079 127.0.0.1 PORT typ host',
  'a=candidate:tcpcandidate 1 tcp 1076302079 127.0.0.1 PORT typ host tcptype passive',
  'a=end-of-candidates',
  'm=video 7 UDP/TLS/RTP/SAVPF 96 97',
  '',
].join('\r\n')

describe('what passes', () => {
  it('is told apart by kind', () => {
    const kinds = readPayloadKinds(SDP)
    const rtp = (payloadType: number) => Uint8Array.of(128, payloadType, ...new Array(10).fill(0))
    expect(kindOfPacket(Uint8Array.of(0, 1), kinds)).toBe('stun')
    expect(kindOfPacket(Uint8Array.of(22, 254), kinds)).toBe('dtls')
    expect(kindOfPacket(rtp(111), kinds)).toBe('audio')
    expect(kindOfPacket(rtp(0x80 | 96), kinds)).toBe('video')
    expect(kindOfPacket(rtp(201), kinds)).toBe('rtcp')
    expect(kindOfPacket(rtp(50), kinds)).toBe('other')
  })

  it('names the relay instead of the SFU, without TCP unless asked for', async () => {
    const relayed = async () => ({ address: '127.0.0.1', port: 9 })
    const sdp = SDP.replaceAll('PORT', '4000')
    const rewritten = await rewriteDescription(sdp, relayed, false)
    expect(rewritten).toContain('a=candidate:udpcandidate 1 udp 1076558079 127.0.0.1 9 typ host\r\n')
    expect(rewritten).not.toContain('tcpcandidate')
    expect(await rewriteDescription(sdp, relayed, true)).toContain(' 127.0.0.1 4000 typ host tcptype passive')
  })
})

describe('a network path', () => {
  let closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.reverse()) await close()
    closers = []
  })

  /** A server that says an offer to everybody and echoes, with a UDP port that echoes as well. */
  async function fakeSfu(): Promise<{ url: string; from: RemoteInfo[]; server: Server }> {
    const udp = await udpSocket()
    const from: RemoteInfo[] = []
    udp.on('message', (packet, info) => {
      from.push(info)
      udp.send(packet, info.port, info.address)
    })
    const server = createServer((_request, response) => response.writeHead(404).end('not found'))
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/rtc/v1') {
        socket.end('HTTP/1.1 404 Not Found\r\nx-why: v0\r\ncontent-length: 2\r\n\r\nno')
        return
      }
      sockets.handleUpgrade(request, socket, head, client => {
        const sdp = SDP.replaceAll('PORT', String(udp.address().port))
        const value = new SessionDescription({ type: 'offer', sdp })
        client.send(new SignalResponse({ message: { case: 'offer', value } }).toBinary())
        for (const protocol of ['udp', 'tcp']) {
          const candidate = `candidate:1 1 ${protocol} 1 127.0.0.1 ${udp.address().port} typ host`
          const trickle = new TrickleRequest({ candidateInit: JSON.stringify({ candidate, sdpMid: '0' }) })
          client.send(new SignalResponse({ message: { case: 'trickle', value: trickle } }).toBinary())
        }
        client.send(new SignalResponse({ message: { case: 'pong', value: 7n } }).toBinary())
        client.on('message', data => client.send(data as Buffer))
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.closeAllConnections()
      for (const client of sockets.clients) client.terminate()
      server.close()
    })
    return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, from, server }
  }

  async function udpSocket(): Promise<Socket> {
    const socket = createSocket('udp4')
    await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
    closers.push(() => socket.close())
    return socket
  }

  async function open(url: string) {
    const socket = new WebSocket(`${url}/rtc?access_token=x`)
    const messages: SignalResponse['message'][] = []
    const end = { code: 0 }
    socket.on('message', data => messages.push(SignalResponse.fromBinary(data as Buffer).message))
    socket.on('close', code => {
      end.code = code
    })
    socket.on('error', () => {})
    closers.push(() => socket.terminate())
    return { socket, messages, end }
  }

  it('carries signalling in order, refusals and plain requests too', async () => {
    const sfu = await fakeSfu()
    const path = await NetworkPath.create(sfu.url)
    closers.push(() => path.close())
    const http = path.wsUrl.replace('ws', 'http')
    expect((await fetch(`${http}/rtc/v1/validate`)).status).toBe(404)
    const refused = new WebSocket(`${path.wsUrl}/rtc/v1`)
    const status = await new Promise(resolve => {
      refused.on('error', () => {})
      refused.on('unexpected-response', (_request, answer) =>
        resolve([answer.statusCode, answer.headers['x-why']]),
      )
    })
    expect(status).toEqual([404, 'v0'])
    refused.terminate()

    const client = await open(path.wsUrl)
    await eventually(() => (client.messages.length === 3 ? null : 'no messages'))
    // The TCP candidate went nowhere.
    expect(client.messages.map(message => message.case)).toEqual(['offer', 'trickle', 'pong'])
    const [offer, trickle] = client.messages.map(message => message.value)
    const port = / udp \d+ 127\.0\.0\.1 (\d+) typ/
    const relayed = port.exec((offer as SessionDescription).sdp)?.[1]
    expect(port.exec((trickle as TrickleRequest).candidateInit)?.[1]).toBe(relayed)

    path.holdSignal()
    client.socket.send(new SignalResponse({ message: { case: 'pong', value: 8n } }).toBinary())
    const late = await open(path.wsUrl)
    await eventually(() => (path.signalAttempts === 3 ? null : 'not tried'))
    expect([client.messages.length, late.socket.readyState]).toEqual([3, WebSocket.CONNECTING])
    path.releaseSignal()
    await eventually(() => (client.messages.length === 4 && late.messages.length === 3 ? null : 'still held'))

    path.refuseSignal()
    path.cutSignal()
    await eventually(() => (client.end.code === 1006 ? null : `closed with ${client.end.code}`))
    const unlucky = await open(path.wsUrl)
    await eventually(() => (unlucky.end.code === 1006 ? null : 'not refused'))
    path.admitSignal()
    const lucky = await open(path.wsUrl)
    await eventually(() => (lucky.messages.length === 3 ? null : 'not admitted'))
    expect(path.signalConnections).toBe(1)
  })

  it('carries media through its relay, cuts it, and changes addresses on both sides', async () => {
    const sfu = await fakeSfu()
    const path = await NetworkPath.create(sfu.url)
    closers.push(() => path.close())
    const portTold = async () => {
      const client = await open(path.wsUrl)
      await eventually(() => (client.messages.length >= 1 ? null : 'no offer'))
      const sdp = (client.messages[0]!.value as SessionDescription).sdp
      return Number(/ udp \d+ 127\.0\.0\.1 (\d+) typ host/.exec(sdp)?.[1])
    }
    const port = await portTold()
    const media = await udpSocket()
    const got: number[] = []
    media.on('message', (packet, info) => {
      expect(info.port).toBe(port)
      got.push(packet[0]!)
    })
    const arrives = (value: number) =>
      eventually(() => {
        media.send(Uint8Array.of(value), port, '127.0.0.1')
        return got.includes(value) ? null : `${value} did not come back`
      })
    await arrives(0)
    expect(path.up.counters.bytesByKind.stun).toBeGreaterThan(0)

    path.cutMedia('down')
    await eventually(() => {
      media.send(Uint8Array.of(1), port, '127.0.0.1')
      return path.down.counters.cut > 3 ? null : 'nothing was cut'
    })
    expect(got).not.toContain(1)
    path.restoreMedia()
    await arrives(2)

    const before = sfu.from.at(-1)!
    await path.changeAddress()
    await arrives(3)
    expect(sfu.from.at(-1)!.port).not.toBe(before.port)
    await path.changeAddress({ address: '127.0.0.9' })
    await arrives(4)
    expect(sfu.from.at(-1)!.address).toBe('127.0.0.9')

    await path.changeAddress({ towards: 'client' })
    expect(await portTold()).not.toBe(port)
  })
})
