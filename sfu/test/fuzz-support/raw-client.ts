import { type Pong, SignalRequest, SignalResponse } from '@livekit/protocol'
import { WebSocket } from 'ws'
import type { TestGrants } from '../../../testing/sfu-access.ts'
import type { RunningSfu } from '../../../testing/start-sfu.ts'

/** Who never answers is not waited for longer than this, ms. */
const ANSWER_LIMIT_MS = 15_000

/**
 * A signalling client without media and without manners: sends whatever it is told to, keeps what it gets. Joins as `auto`
 * would, except that it never answers by itself.
 */
export class RawClient {
  readonly received: SignalResponse['message'][] = []
  /** Set when the socket is closed, by whom ever. */
  closed: { code: number; reason: string } | undefined
  readonly #socket: WebSocket
  readonly #wakers = new Set<() => void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', data => {
      this.received.push(SignalResponse.fromBinary(new Uint8Array(data as Buffer)).message)
      this.#wake()
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
      this.#wake()
    })
    // A reset by the server while we still send; 'close' follows.
    socket.on('error', () => {})
  }

  /** Resolves with the first message (join, reconnect or leave) received, or the socket closed. */
  static async join(
    sfu: RunningSfu,
    grants: TestGrants & { room: string; identity: string },
    query: Record<string, string> = {},
  ): Promise<RawClient> {
    const search = new URLSearchParams({
      access_token: await sfu.token(grants),
      protocol: '16',
      sdk: 'js',
      ...query,
    })
    const socket = new WebSocket(`${sfu.wsUrl}/rtc?${search}`, { perMessageDeflate: false })
    const client = new RawClient(socket)
    await client.until(() => client.received.length > 0 || client.closed !== undefined, 'any first message')
    return client
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  cases(): string[] {
    return this.received.map(message => message.case ?? '?')
  }

  all<C extends NonNullable<SignalResponse['message']['case']>>(wanted: C) {
    type Value = Extract<SignalResponse['message'], { case: C }>['value']
    return this.received.filter(message => message.case === wanted).map(message => message.value as Value)
  }

  get sid(): string {
    return this.all('join')[0]?.participant?.sid ?? ''
  }

  sendBytes(bytes: Uint8Array | string): void {
    if (this.isOpen) this.#socket.send(bytes)
  }

  request(message: SignalRequest['message']): void {
    this.sendBytes(new SignalRequest({ message }).toBinary())
  }

  /** Asks for a pong. True when it came, so that everything sent before has been dealt with; false when the socket closed. */
  async settled(): Promise<boolean> {
    const stamp = BigInt(Date.now()) * 1_000n + BigInt(Math.floor(Math.random() * 1_000))
    this.request({ case: 'pingReq', value: { timestamp: stamp, rtt: 0n } as never })
    const isAnswered = () => this.all('pongResp').some(pong => (pong as Pong).lastPingTimestamp === stamp)
    await this.until(() => isAnswered() || this.closed !== undefined, 'a pong or the end')
    return isAnswered()
  }

  /** @throws Error with `what` when nothing of it came in time */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + ANSWER_LIMIT_MS
    while (!isSo()) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`waited in vain for ${what}; got ${this.cases().slice(-20).join(', ')}`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        this.#wakers.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** Stops and starts reading from the network, as a stalled machine would. */
  pause(): void {
    this.#socket.pause()
  }
  resume(): void {
    this.#socket.resume()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #wake(): void {
    const wakers = [...this.#wakers]
    this.#wakers.clear()
    for (const wake of wakers) wake()
  }
}
