import { type CaptureCommand, type CaptureEvent, captureEvent } from '@diemcau/core/contracts/capture.ts'
import WebSocket from 'ws'

/** Why a connection ended: the SFU refused it with an HTTP status, could not be reached, or the socket was lost. */
export type SocketEnd = { kind: 'refused'; status: number } | { kind: 'unreachable' | 'lost'; reason: string }

/**
 * One connection to `/internal/capture`. `handshakeMs`: how long an address may take to answer; `pingMs`: one that has said nothing for two of
 * these at most is lost. Calls `onEnd` exactly once, nothing after it, and nothing after `close`. */
export class CaptureSocket {
  readonly #socket: WebSocket
  readonly #listener: { onEvent: (event: CaptureEvent) => void; onEnd: (end: SocketEnd) => void }
  readonly #pingMs: number
  #ping: NodeJS.Timeout | null = null
  #isAlive = true
  #isOpen = false
  #hasEnded = false

  constructor(
    options: { sfuUrl: string; token: string; handshakeMs: number; pingMs: number },
    listener: { onEvent: (event: CaptureEvent) => void; onEnd: (end: SocketEnd) => void },
  ) {
    this.#listener = listener
    this.#pingMs = options.pingMs
    const url = new URL(`${options.sfuUrl}/internal/capture`)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.searchParams.set('access_token', options.token)
    this.#socket = new WebSocket(url, { handshakeTimeout: options.handshakeMs, perMessageDeflate: false })
    this.#socket.on('open', () => this.#handleOpen())
    this.#socket.on('message', data => this.#handleMessage(String(data)))
    this.#socket.on('pong', () => {
      this.#isAlive = true
    })
    this.#socket.on('unexpected-response', (request, response) => {
      response.resume()
      request.destroy()
      this.#end({ kind: 'refused', status: response.statusCode ?? 0 })
    })
    this.#socket.on('error', error => this.#end(this.#endOf(error.message)))
    this.#socket.on('close', code => this.#end(this.#endOf(`closed with ${code}`)))
  }

  send(command: CaptureCommand): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command))
  }

  close(): void {
    this.#hasEnded = true
    this.#release()
    if (this.#isOpen) this.#socket.close(1000)
    else this.#socket.terminate()
  }

  #handleOpen(): void {
    if (this.#hasEnded) return
    this.#isOpen = true
    // An SFU that is frozen or cut off sends no FIN.
    this.#ping = setInterval(() => {
      if (!this.#isAlive) return this.#end({ kind: 'lost', reason: 'no answer to ping' })
      this.#isAlive = false
      this.#socket.ping()
    }, this.#pingMs)
  }

  #handleMessage(text: string): void {
    if (this.#hasEnded) return
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      this.#end({ kind: 'lost', reason: 'the SFU sent what is not JSON' })
      return
    }
    const parsed = captureEvent.safeParse(value)
    // An event of a newer SFU that we do not know is no reason to stop a recording.
    if (parsed.success) this.#listener.onEvent(parsed.data)
  }

  #endOf(reason: string): SocketEnd {
    return { kind: this.#isOpen ? 'lost' : 'unreachable', reason }
  }

  #end(end: SocketEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#release()
    this.#socket.terminate()
    this.#listener.onEnd(end)
  }

  #release(): void {
    if (this.#ping) clearInterval(this.#ping)
    this.#ping = null
    // `terminate` of a socket that is not open yet emits an error, which nobody needs any more.
    this.#socket.removeAllListeners()
    this.#socket.on('error', () => undefined)
  }
}
