import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebhookEvent, WebhookReceiver } from 'livekit-server-sdk'

/** Receives webhooks as a portal does, with LiveKit's own verification. */
export class WebhookSink {
  readonly #server: Server
  readonly events: WebhookEvent[] = []

  private constructor(apiKey: string, apiSecret: string) {
    const receiver = new WebhookReceiver(apiKey, apiSecret)
    this.#server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      try {
        const event = await receiver.receive(body, request.headers.authorization)
        // At least once: repeats are dropped by id, as receivers are told to.
        if (!this.events.some(({ id }) => id === event.id)) this.events.push(event)
        response.writeHead(200).end()
      } catch (error) {
        response.writeHead(401).end(String(error))
      }
    })
  }

  static async create(apiKey: string, apiSecret: string): Promise<WebhookSink> {
    const sink = new WebhookSink(apiKey, apiSecret)
    sink.#server.listen(0, '127.0.0.1')
    await once(sink.#server, 'listening')
    return sink
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhook`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
