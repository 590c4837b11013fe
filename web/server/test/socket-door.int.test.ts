import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SocketDoor } from '../floor/socket-door.ts'
import { eventually } from './portal.ts'

let http: HttpServer
let server: Server
let door: SocketDoor
let clients: Socket[]
let address: string

beforeEach(async () => {
  clients = []
  address = '10.0.0.1'
  door = new SocketDoor({ perNetwork: 3, inAll: 5, ticketWithinMs: 2_000 })
  http = createServer()
  server = new Server(http, { allowRequest: (_request, decide) => decide(null, door.mayEnter(address)) })
  door.attach(server, () => address)
  server.of('/meeting').use((socket, next) => {
    if (socket.handshake.auth.ticket !== 'good') return next(new Error('ticket'))
    door.pass(socket.conn)
    next()
  })
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const client of clients) client.disconnect()
  door.close()
  await server.close()
})

const port = () => (http.address() as AddressInfo).port

function open(ticket: string, namespace = '/meeting'): Socket {
  const client = io(`http://127.0.0.1:${port()}${namespace}`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: { ticket },
  })
  clients.push(client)
  return client
}
/** A connection that only holds on: it says nothing, or what it is told to. */
function hold(says?: string): { isClosed: () => boolean } {
  const socket = new WebSocket(`ws://127.0.0.1:${port()}/socket.io/?EIO=4&transport=websocket`)
  let isClosed = false
  socket.addEventListener('close', () => {
    isClosed = true
  })
  socket.addEventListener('error', () => {
    isClosed = true
  })
  if (says) socket.addEventListener('open', () => socket.send(says))
  return { isClosed: () => isClosed }
}

describe('connections without a ticket', () => {
  it('are closed after a while, also those that knock at another door or with a bad ticket', async () => {
    const good = open('good')
    await eventually(() => expect(good.connected).toBe(true))
    // Packets of socket.io: CONNECT to the main namespace, and to the floor with a bad ticket.
    const held = [hold(), hold('40'), hold('40/meeting,{"ticket":"bad"}')]
    await eventually(() => expect(door.size).toBe(3))
    await eventually(() => expect(held.map(h => h.isClosed())).toEqual([true, true, true]))
    expect(door.size).toBe(0)
    expect(good.connected).toBe(true)
  })

  it('are few from one network, and in all; those with a ticket do not count', async () => {
    for (let n = 0; n < 4; n += 1) open('good')
    await eventually(() => expect(clients.every(client => client.connected)).toBe(true))
    for (let n = 0; n < 3; n += 1) hold()
    await eventually(() => expect(door.size).toBe(3))
    expect(door.mayEnter('10.0.0.1')).toBe(false)
    expect(door.mayEnter('10.0.0.2')).toBe(true)
    const refused = hold()
    await eventually(() => expect(refused.isClosed()).toBe(true))
    address = '2001:db8::1'
    for (let n = 0; n < 2; n += 1) hold()
    await eventually(() => expect(door.size).toBe(5))
    expect(door.mayEnter('10.0.0.9')).toBe(false)
    await eventually(() => expect(door.size).toBe(0))
    expect(door.mayEnter('10.0.0.1')).toBe(true)
  })

  it('count by the network of an IPv6 address', async () => {
    address = '2001:db8::1'
    for (let n = 0; n < 3; n += 1) hold()
    await eventually(() => expect(door.size).toBe(3))
    expect(door.mayEnter('2001:db8::ffff')).toBe(false)
    expect(door.mayEnter('2001:db8:0:1::1')).toBe(true)
  })
})
