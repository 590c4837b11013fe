import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { NetworkLink } from './network-path-link.ts'
import { type Endpoint, kindOfPacket, type PayloadKinds } from './network-path-packets.ts'

/** Bursts of several streams overflow the kernel's default. */
const BUFFER_BYTES = 4 * 1024 * 1024
const LOOPBACK = '127.0.0.1'

/** What the client's packets from one of its sockets look like to the SFU. */
interface Flow {
  client: Endpoint
  /** Towards the SFU: the client's public address, so to speak. */
  back: Socket
}

/** The relay for one address of the SFU: a socket the client sends to, and one towards the SFU for each socket of the client. */
interface Front {
  sfu: Endpoint
  socket: Socket
  port: number
  flows: Map<string, Flow>
}

/** Carries UDP between one client and the SFU over two links. */
export class MediaRelay {
  readonly #up: NetworkLink
  readonly #down: NetworkLink
  readonly #upKinds: PayloadKinds = new Map()
  readonly #downKinds: PayloadKinds = new Map()
  readonly #clientSide: string
  readonly #fronts = new Map<string, Promise<Front>>()
  /** Sockets out of use swallow what still comes, as an address that nobody has any more. */
  readonly #sockets = new Set<Socket>()
  #sourceAddress: string | undefined
  #isClosed = false

  /** `clientSide`: this machine's address that the client sends to. */
  constructor(up: NetworkLink, down: NetworkLink, clientSide = LOOPBACK) {
    this.#up = up
    this.#down = down
    this.#clientSide = clientSide
  }

  /** Payload types of what the client sends (`up`) or receives. */
  learn(direction: 'up' | 'down', kinds: PayloadKinds): void {
    const known = direction === 'up' ? this.#upKinds : this.#downKinds
    for (const [type, kind] of kinds) known.set(type, kind)
  }

  /** Where the client must send to reach this address of the SFU. */
  async relayed(sfu: Endpoint): Promise<Endpoint> {
    const key = `${sfu.address} ${sfu.port}`
    let front = this.#fronts.get(key)
    if (front === undefined) {
      front = this.#openFront(sfu, new Map())
      this.#fronts.set(key, front)
    }
    return { address: this.#clientSide, port: (await front).port }
  }

  /** The client's packets reach the SFU from new ports from now on; answers to the old ones are lost. */
  changeTowardsSfu(address: string | undefined): Promise<void> {
    this.#sourceAddress = address
    return this.#eachFront(front => {
      for (const flow of front.flows.values()) {
        flow.back.removeAllListeners('message')
        flow.back = this.#openBack(front, flow.client)
      }
    })
  }

  /** The SFU is reached at new ports from now on, of which the client learns with the next description. */
  async changeTowardsClient(): Promise<void> {
    for (const [key, old] of [...this.#fronts]) {
      const { sfu, socket } = await old
      socket.removeAllListeners('message')
      this.#fronts.set(key, this.#openFront(sfu, new Map()))
    }
  }

  /** Resolves when no socket is left. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#fronts.values())
    const closed = [...this.#sockets].map(socket => new Promise<void>(resolve => socket.close(resolve)))
    this.#sockets.clear()
    await Promise.all(closed)
  }

  async #eachFront(act: (front: Front) => void): Promise<void> {
    for (const front of this.#fronts.values()) act(await front)
  }

  async #openFront(sfu: Endpoint, flows: Map<string, Flow>): Promise<Front> {
    const socket = this.#open(this.#clientSide)
    await new Promise<void>((resolve, reject) => {
      socket.once('listening', resolve)
      socket.once('error', reject)
    })
    const front: Front = { sfu, socket, port: socket.address().port, flows }
    socket.on('message', (packet, { address, port }) => {
      const flow = this.#flowOf(front, { address, port })
      this.#up.push(packet.length, kindOfPacket(packet, this.#upKinds), () => {
        // Looked up late: the flow may have got another socket while the packet was on its way.
        if (!this.#isClosed) flow.back.send(packet, sfu.port, sfu.address)
      })
    })
    return front
  }

  #flowOf(front: Front, client: Endpoint): Flow {
    const key = `${client.address} ${client.port}`
    let flow = front.flows.get(key)
    if (flow === undefined) {
      flow = { client, back: this.#openBack(front, client) }
      front.flows.set(key, flow)
    }
    return flow
  }

  #openBack(front: Front, client: Endpoint): Socket {
    const isV6 = isIPv6(front.sfu.address)
    const back = this.#open(isV6 ? '::1' : (this.#sourceAddress ?? LOOPBACK), isV6)
    back.on('message', packet => {
      this.#down.push(packet.length, kindOfPacket(packet, this.#downKinds), () => {
        if (!this.#isClosed) front.socket.send(packet, client.port, client.address)
      })
    })
    return back
  }

  #open(address: string, isV6 = false): Socket {
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      recvBufferSize: BUFFER_BYTES,
      sendBufferSize: BUFFER_BYTES,
    })
    // A packet that cannot be sent is a packet lost.
    socket.on('error', () => {})
    socket.bind(0, address)
    this.#sockets.add(socket)
    return socket
  }
}
