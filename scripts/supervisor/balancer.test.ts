import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Balancer } from './balancer.ts'

/** Answers with its name, says whether it is ready, and can fall silent or die. */
class FakeNode {
  readonly name: string
  isReady = true
  isSilent = false
  /** Ends each connection once it has been asked something. */
  isDying = false
  asked = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(name: string) {
    this.name = name
    this.#server = createServer((request, response) => {
      if (request.url !== '/readyz') this.asked += 1
      if (this.isDying && request.url !== '/readyz') {
        request.socket.resetAndDestroy()
        return
      }
      if (this.isSilent) return
      if (request.url === '/readyz') response.statusCode = this.isReady ? 200 : 503
      response.end(this.name)
    })
    this.#server.keepAliveTimeout = 60_000
    this.#server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  listen = (port = 0) => new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve))

  /** As `kill -9` does: everything it had is reset, and its port is closed. */
  async die(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }
}

/** Looks at its nodes only when told to. */
async function open(count: number, first?: string) {
  const nodes = Array.from({ length: count }, (_, index) => new FakeNode(`node-${index + 1}`))
  for (const node of nodes) await node.listen()
  const balancer = await Balancer.create({
    bind: '127.0.0.1',
    port: 0,
    nodes: nodes.map(({ name, port }) => ({ name, port })),
    checkMs: 3_600_000,
    ...(first === undefined ? {} : { first }),
  })
  onTestFinished(async () => {
    await balancer.close()
    await Promise.all(nodes.map(node => node.die()))
  })
  /** Which node answers a connection of its own. */
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${balancer.port}/`, { headers: { connection: 'close' } })
    return response.text()
  }
  /** A connection that stays open, as signalling does; resolves when a node has answered it. */
  const stay = async () => {
    const before = total(balancer)
    let isAnswered = false
    const socket = connect(balancer.port, '127.0.0.1')
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {
      isAnswered = true
    })
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    onTestFinished(() => void socket.destroy())
    await vi.waitFor(() => expect([isAnswered, total(balancer)]).toEqual([true, before + 1]))
    return socket
  }
  return { balancer, nodes, ask, stay }
}

const total = ({ connections }: Balancer) => Object.values(connections).reduce((sum, count) => sum + count, 0)

it('leads each connection to the node with the fewest', async () => {
  const { balancer, stay } = await open(3)
  for (let index = 0; index < 6; index++) await stay()
  expect(balancer.connections).toEqual({ 'node-1': 2, 'node-2': 2, 'node-3': 2 })
})

it('leads to the node it is told to prefer, while that is ready', async () => {
  const { balancer, nodes, stay } = await open(3, 'node-2')
  for (let index = 0; index < 3; index++) await stay()
  expect(balancer.connections).toEqual({ 'node-1': 0, 'node-2': 3, 'node-3': 0 })
  nodes[1]!.isReady = false
  await balancer.check()
  for (let index = 0; index < 2; index++) await stay()
  expect(balancer.connections).toEqual({ 'node-1': 1, 'node-2': 3, 'node-3': 1 })
})

it('leads newcomers past nodes that are not ready, while another is', async () => {
  const { balancer, nodes, ask } = await open(2)
  nodes[0]!.isReady = false
  await balancer.check()
  const answers = [await ask(), await ask(), await ask()]
  expect(answers).toEqual(['node-2', 'node-2', 'node-2'])
  // Better there than nowhere.
  nodes[1]!.isReady = false
  await nodes[1]!.die()
  expect(await ask()).toBe('node-1')
})

it('tries the next node within the same connection, before any look told it that one is dead', async () => {
  const { nodes, ask } = await open(3)
  await nodes[0]!.die()
  await nodes[1]!.die()
  expect([await ask(), await ask(), await ask()]).toEqual(['node-3', 'node-3', 'node-3'])
})

it('asks the next node when one dies with the question in its hands, but never a call of the API', async () => {
  const { balancer, nodes, ask } = await open(2, 'node-1')
  nodes[0]!.isDying = true
  expect([await ask(), await ask()]).toEqual(['node-2', 'node-2'])
  expect(nodes[0]!.asked).toBe(2)
  await expect(
    fetch(`http://127.0.0.1:${balancer.port}/twirp/x`, { method: 'POST', body: 'once' }),
  ).rejects.toThrow()
  expect([nodes[0]!.asked, nodes[1]!.asked]).toEqual([3, 2])
})

it('closes a connection that no node takes, and leads there again once one is back', async () => {
  const { balancer, nodes, ask } = await open(1)
  const { port } = nodes[0]!
  await nodes[0]!.die()
  await expect(ask()).rejects.toThrow()
  await nodes[0]!.listen(port)
  await balancer.check()
  expect(await ask()).toBe('node-1')
})

it('ends the connections of a node that died, and no others', async () => {
  const { balancer, nodes, stay } = await open(2)
  const sockets = [await stay(), await stay(), await stay(), await stay()]
  await nodes[0]!.die()
  await vi.waitFor(() => expect(balancer.connections).toEqual({ 'node-1': 0, 'node-2': 2 }))
  await vi.waitFor(() => expect(sockets.filter(socket => socket.destroyed)).toHaveLength(2))
  balancer.markDead('node-2')
  await vi.waitFor(() => expect(sockets.filter(socket => socket.destroyed)).toHaveLength(4))
})

it('takes a node for dead that says nothing for four looks; one look without an answer only sends newcomers elsewhere', async () => {
  const { balancer, nodes, ask, stay } = await open(2)
  const sockets = [await stay(), await stay()]
  nodes[0]!.isSilent = true
  await balancer.check()
  expect(await ask()).toBe('node-2')
  await balancer.check()
  await balancer.check()
  await wait(50)
  expect(sockets.filter(socket => socket.destroyed)).toHaveLength(0)
  await balancer.check()
  await vi.waitFor(() => expect(sockets.filter(socket => socket.destroyed)).toHaveLength(1))
  nodes[0]!.isSilent = false
  await balancer.check()
  await stay()
  expect(balancer.connections).toEqual({ 'node-1': 1, 'node-2': 1 })
})

it('passes on what comes after the sender has finished, and nothing is lost of what was sent before a node was found', async () => {
  const { balancer } = await open(1)
  const socket = connect(balancer.port, '127.0.0.1')
  // All of it before anybody was asked, and then no more from this side.
  socket.end('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  let answer = ''
  socket.on('data', chunk => (answer += String(chunk)))
  await new Promise(resolve => socket.once('close', resolve))
  expect(answer).toMatch(/^HTTP\/1\.1 200/)
  expect(answer).toContain('node-1')
})

it('says which port it could not open', async () => {
  const { balancer } = await open(1)
  await expect(Balancer.create({ bind: '127.0.0.1', port: balancer.port, nodes: [] })).rejects.toThrow(
    `Port ${balancer.port}/tcp`,
  )
})
