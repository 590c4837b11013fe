import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {
  FloorClientToServer,
  FloorCommand,
  FloorEvent,
  FloorServerToClient,
  FloorSnapshot,
} from '@diemcau/core/contracts/floor.ts'
import { Server, type Socket } from 'socket.io'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FloorClient } from './floor-client.ts'
import { emptyFloor } from './floor-state.ts'

const at = () => new Date().toISOString()

/** A portal's floor reduced to its contract: numbered events, catch-up by `since`, tickets that can be refused. */
class SmallFloor {
  readonly events: FloorEvent[] = []
  readonly received: FloorCommand[] = []
  readonly handshakes: Record<string, unknown>[] = []
  readonly goodTickets = new Set(['first'])
  role: FloorSnapshot['you']['role'] = 'delegate'
  /** While false, commands are done but their answers are lost. */
  answers = true
  readonly #http: HttpServer
  readonly #io: Server<FloorClientToServer, FloorServerToClient>

  private constructor(http: HttpServer) {
    this.#http = http
    this.#io = new Server(http)
    const namespace = this.#io.of('/meeting')
    namespace.use((socket, next) => {
      this.handshakes.push(socket.handshake.auth)
      next(this.goodTickets.has(socket.handshake.auth.ticket) ? undefined : new Error('ticket'))
    })
    namespace.on('connection', socket => this.#serve(socket))
  }

  static async create(): Promise<SmallFloor> {
    const http = createServer()
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    return new SmallFloor(http)
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  chat(id: string): FloorEvent {
    const seq = (this.events.at(-1)?.seq ?? 0) + 1
    const message = { id, identity: 'user:2', name: 'Nam', text: id, at: at() }
    const event: FloorEvent = { seq, at: at(), type: 'chat_sent', message }
    this.events.push(event)
    return event
  }

  broadcast(event: FloorEvent): void {
    this.#io.of('/meeting').emit('event', event)
  }

  /** As a restarting portal or a dead link looks from the browser. */
  cut(): void {
    for (const socket of this.#io.of('/meeting').sockets.values()) socket.conn.close()
  }

  async close(): Promise<void> {
    await this.#io.close()
  }

  #serve(socket: Socket<FloorClientToServer, FloorServerToClient>): void {
    const { since } = socket.handshake.auth
    if (typeof since === 'number')
      for (const event of this.events.filter(event => event.seq > since)) socket.emit('event', event)
    else socket.emit('snapshot', this.#snapshot())
    socket.on('command', (command, answer) => {
      const isRepeated = this.received.some(known => known.commandId === command.commandId)
      this.received.push(command)
      if (!isRepeated && command.type === 'chat_send') this.broadcast(this.chat(command.text))
      if (this.answers) answer({ ok: true })
    })
  }

  #snapshot(): FloorSnapshot {
    return {
      seq: this.events.at(-1)?.seq ?? 0,
      meetingId: 'MT_1',
      title: 'Họp',
      status: 'live',
      you: { identity: 'user:1', name: 'Lan', role: this.role },
      locked: false,
      spotlight: null,
      options: { chat: true, viewersMayRaiseHand: false, viewersMayAsk: false, microphonesHeld: false },
      chat: this.events.flatMap(event => (event.type === 'chat_sent' ? [event.message] : [])),
      hands: [],
      speakers: [],
      speaking: emptyFloor.speaking,
      now: at(),
      questions: [],
      lobby: [],
      passcode: null,
      recording: null,
      agenda: '',
    }
  }
}

const eventually = async (whatIsWrong: () => string): Promise<void> => {
  const deadline = Date.now() + 10_000
  for (let wrong = whatIsWrong(); wrong !== ''; wrong = whatIsWrong()) {
    if (Date.now() > deadline) throw new Error(wrong)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe('FloorClient', () => {
  let floor: SmallFloor
  let client: FloorClient
  let heard: string[]
  let renewals: number
  const texts = () => client.state.get().chat.map(message => message.text)
  const connected = () => eventually(() => (client.isConnected.get() ? '' : 'not connected'))

  beforeEach(async () => {
    floor = await SmallFloor.create()
    heard = []
    renewals = 0
    client = new FloorClient(
      async () => {
        renewals += 1
        floor.goodTickets.add('second')
        return 'second'
      },
      event => heard.push(event.type === 'chat_sent' ? event.message.id : event.type),
      floor.origin,
    )
  })
  afterEach(async () => {
    client.close()
    client.close()
    await floor.close()
  })

  it('starts from a snapshot and follows the events', async () => {
    floor.chat('old')
    client.connect('first')
    await eventually(() => (texts().join() === 'old' ? '' : `chat is ${texts()}`))
    floor.broadcast(floor.chat('new'))
    await eventually(() => (texts().join() === 'old,new' ? '' : `chat is ${texts()}`))
    expect(heard).toEqual(['new'])
  })

  it('catches up from the last number it saw, each event once', async () => {
    client.connect('first')
    await connected()
    floor.broadcast(floor.chat('a'))
    await eventually(() => (texts().join() === 'a' ? '' : `chat is ${texts()}`))
    floor.cut()
    floor.chat('b')
    floor.chat('c')
    await eventually(() => (texts().join() === 'a,b,c' ? '' : `chat is ${texts()}`))
    expect(heard).toEqual(['a', 'b', 'c'])
    expect(floor.handshakes.at(-1)).toMatchObject({ since: 1 })
  })

  it('sends what was written while away, and what was not answered, with the same id', async () => {
    client.connect('first')
    await connected()
    floor.answers = false
    const sent = client.send({ type: 'chat_send', text: 'một' })
    await eventually(() => (floor.received.length === 1 ? '' : 'not received'))
    expect(client.unsent.get().map(entry => entry.text)).toEqual(['một'])
    floor.answers = true
    floor.cut()
    const later = client.send({ type: 'chat_send', text: 'hai' })
    expect(await sent).toEqual({ ok: true })
    expect(await later).toEqual({ ok: true })
    await eventually(() => (texts().join() === 'một,hai' ? '' : `chat is ${texts()}`))
    expect(new Set(floor.received.map(command => command.commandId)).size).toBe(2)
    expect(client.unsent.get()).toEqual([])
  })

  it('asks for a new ticket when the old one is refused', async () => {
    client.connect('expired')
    await connected()
    expect(renewals).toBe(1)
    expect(floor.handshakes.at(-1)).toMatchObject({ ticket: 'second' })
  })

  it('comes back by itself when a moderator misses a number', async () => {
    floor.role = 'chair'
    client.connect('first')
    await connected()
    floor.broadcast(floor.chat('a'))
    await eventually(() => (texts().join() === 'a' ? '' : `chat is ${texts()}`))
    floor.chat('lost')
    floor.broadcast(floor.chat('c'))
    await eventually(() => (texts().join() === 'a,lost,c' ? '' : `chat is ${texts()}`))
    expect(heard).toEqual(['a', 'lost', 'c'])
  })

  it('settles what is on its way when it is closed', async () => {
    const sent = client.send({ type: 'chat_send', text: 'x' })
    client.close()
    expect(await sent).toMatchObject({ ok: false, code: 'closed' })
  })
})
