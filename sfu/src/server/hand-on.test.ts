import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { eventually } from '../../../testing/eventually.ts'
import { type HandOn, handOn } from './hand-on.ts'

const servers: Server[] = []
const listen = async (server: Server): Promise<number> => {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A node that serves, and one that hands on to it. */
async function twoNodes() {
  const seen: { url: string | undefined; headers: Record<string, unknown> }[] = []
  const sockets = new WebSocketServer({ noServer: true })
  const serving = createServer()
  const served: WebSocket[] = []
  serving.on('upgrade', (request, socket, head) => {
    seen.push({ url: request.url, headers: request.headers })
    sockets.handleUpgrade(request, socket, head, client => {
      served.push(client)
      client.on('message', data => client.send(`served: ${String(data)}`))
    })
  })
  const port = await listen(serving)
  const cuts = new Set<() => void>()
  const way: HandOn = {
    host: '127.0.0.1',
    port,
    headers: { 'x-diemcau-client': '203.0.113.7' },
    onCut: cut => {
      cuts.add(cut)
      return () => cuts.delete(cut)
    },
  }
  const results: boolean[] = []
  const entry = createServer()
  entry.on('upgrade', async (request, socket, head) => {
    const isHandedOn = await handOn(request, socket, head, way, 500)
    results.push(isHandedOn)
    if (!isHandedOn) socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')
  })
  return { entryPort: await listen(entry), way, serving, served, seen, results, cuts }
}

describe('signalling that is handed on to another node', () => {
  it('is answered there, both ways, with the request as it came and what was added', async () => {
    const { entryPort, seen, cuts } = await twoNodes()
    const client = new WebSocket(`ws://127.0.0.1:${entryPort}/rtc?access_token=t`, {
      headers: { 'User-Agent': 'hall', 'X-Diemcau-Client': '10.0.0.1' },
    })
    await once(client, 'open')
    client.send('hello')
    expect(String((await once(client, 'message'))[0])).toBe('served: hello')
    expect(seen[0]).toMatchObject({
      url: '/rtc?access_token=t',
      headers: { 'user-agent': 'hall', 'x-diemcau-client': '203.0.113.7' },
    })
    client.close()
    await once(client, 'close')
    await eventually(() => (cuts.size === 0 ? undefined : 'the way is still kept'))
  })

  it('ends at both ends when either does, and when the way is cut', async () => {
    const { entryPort, served, cuts } = await twoNodes()
    const open = async () => {
      const client = new WebSocket(`ws://127.0.0.1:${entryPort}/rtc`)
      client.on('error', () => {})
      await once(client, 'open')
      return client
    }
    const first = await open()
    await eventually(() => (served.length === 1 ? undefined : 'not served'))
    const ended = once(served[0]!, 'close')
    first.terminate()
    await ended
    const second = await open()
    await eventually(() => (served.length === 2 ? undefined : 'not served'))
    served[1]!.terminate()
    await once(second, 'close')
    const third = await open()
    for (const cut of [...cuts]) cut()
    await once(third, 'close')
    await eventually(() => (cuts.size === 0 ? undefined : 'the way is still kept'))
  })

  it('is not handed on to a node that cannot be reached, and the client has heard nothing yet', async () => {
    const { entryPort, way, results } = await twoNodes()
    const closed = createServer()
    way.port = await listen(closed)
    closed.close()
    await once(closed, 'close')
    const socket = connect(entryPort, '127.0.0.1')
    socket.write('GET /rtc HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toContain('503')
    expect(results).toEqual([false])
  })
})
