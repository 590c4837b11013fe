import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebhookEvent, WebhookReceiver } from 'livekit-server-sdk'
import { eventually } from './eventually.ts'

/**
 * A portal's webhook end for tests: checks each delivery with the stock WebhookReceiver and keeps it. `refuse` makes it answer
 * with a status instead, `down` closes the port, `up` opens it again on the same number.
 */
export class TestWebhooks {
  /** Verified events in the order of arrival, repeats included. */
  readonly events: WebhookEvent[] = []
  /** Deliveries whose signature did not hold. */
  readonly forged: string[] = []
  /** Answer with this status instead of taking events; 0: take them. */
  refuse = 0
  readonly #receiver: WebhookReceiver
  #server: Server | undefined
  #port = 0

  private constructor(key: string, secret: string) {
    this.#receiver = new WebhookReceiver(key, secret)
  }

  static async create(key: string, secret: string): Promise<TestWebhooks> {
    const webhooks = new TestWebhooks(key, secret)
    await webhooks.up()
    return webhooks
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/webhooks`
  }

  async up(): Promise<void> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const body = Buffer.concat(chunks).toString('utf8')
      if (this.refuse !== 0) return response.writeHead(this.refuse).end()
      try {
        this.events.push(await this.#receiver.receive(body, request.headers.authorization))
        response.writeHead(200).end()
      } catch (error) {
        this.forged.push(String(error))
        response.writeHead(401).end()
      }
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  /** `name:room:identity` of each event, for assertions on order. */
  names(room?: string): string[] {
    return this.events
      .filter(event => room === undefined || event.room?.name === room)
      .map(event => (event.participant ? `${event.event}:${event.participant.identity}` : event.event))
  }

  /** The first event that fits, waiting for it when needed. */
  async waitFor(fits: (event: WebhookEvent) => boolean, timeoutMs = 10_000): Promise<WebhookEvent> {
    await eventually(
      () => (this.events.some(fits) ? null : `no such webhook among ${this.names().join(', ') || 'none'}`),
      timeoutMs,
    )
    return this.events.find(fits)!
  }
}
