import { EventEmitter } from 'node:events'
import { SignalRequest, SignalResponse } from '@livekit/protocol'
import { WebSocket } from 'ws'

/** Long enough for a machine that does too much at once. */
const STEP_LIMIT_MS = 30_000

/**
 * LiveKit's signalling socket (v0, /rtc), as a client of the JavaScript SDK. Emits `message` with each SignalResponse's message and
 * `broken` with an Error when the server ends it or refuses. The caller closes it, which is safe to do twice.
 */
export class SignalSocket extends EventEmitter {
  readonly #identity: string
  readonly #socket: WebSocket
  #ping: NodeJS.Timeout | undefined
  #isClosed = false

  /** Begins to connect. @param url http(s) or ws(s) address of the server @param isAutomatic the server subscribes it to everything */
  constructor(url: string, token: string, identity: string, isAutomatic = true) {
    super()
    this.#identity = identity
    const address = new URL('/rtc', url.replace(/^http/, 'ws'))
    address.search = new URLSearchParams({
      access_token: token,
      auto_subscribe: isAutomatic ? '1' : '0',
      protocol: '16',
      sdk: 'js',
      version: '2.0.0',
    }).toString()
    this.#socket = new WebSocket(address, { perMessageDeflate: false })
    this.#socket.binaryType = 'nodebuffer'
    this.#socket.on('message', (data: Buffer) => this.#receive(data))
    this.#socket.on('unexpected-response', (_request, response) => {
      this.break(`the server answered ${response.statusCode}`)
      response.destroy()
    })
    this.#socket.on('error', error => this.break(error.message))
    this.#socket.on('close', code => this.break(`the socket closed (${code})`))
  }

  /** What is sent while it is not open is lost. */
  send(message: SignalRequest['message']): void {
    this.#socket.send(new SignalRequest({ message }).toBinary())
  }

  /** Emits `broken`, unless it was closed. */
  break(reason: string): void {
    if (!this.#isClosed) this.emit('broken', new Error(`${this.#identity}: ${reason}`))
  }

  /** Resolves with the next such event of this emitter; rejects when it breaks before or nothing comes for 30 s. @param what it waits for, as it is then */
  next<T>(event: string, what: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        this.removeListener(event, onEvent)
        this.removeListener('broken', onBroken)
      }
      const onEvent = (value: T) => {
        settle()
        resolve(value)
      }
      const onBroken = (error: Error) => {
        settle()
        reject(error)
      }
      const timer = setTimeout(
        () => onBroken(new Error(`${this.#identity} waited ${STEP_LIMIT_MS / 1000} s for ${what()}`)),
        STEP_LIMIT_MS,
      )
      this.once(event, onEvent)
      this.once('broken', onBroken)
    })
  }

  /** Says that it leaves, and closes. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#ping)
    if (this.#socket.readyState === WebSocket.OPEN) this.send({ case: 'leave', value: {} as never })
    this.#socket.close()
  }

  #receive(data: Buffer): void {
    const { message } = SignalResponse.fromBinary(data)
    if (message.case === 'join') {
      const ping = () => this.send({ case: 'pingReq', value: { timestamp: BigInt(Date.now()) } as never })
      this.#ping = setInterval(ping, (message.value.pingInterval || 5) * 1000)
    }
    if (message.case === 'leave') this.break(`the server sent leave (reason ${message.value.reason})`)
    else this.emit('message', message)
  }
}
