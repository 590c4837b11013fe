/** A receiver of webhooks over real HTTP, for the tests of this folder. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyWebhook } from '@diemcau/core/livekit/webhook-signature.ts'
import { WebhookEvent } from '@livekit/protocol'
import { expect, onTestFinished } from 'vitest'

export const KEY = { key: 'devkey', secret: 'a secret that is long enough for a test' }

/** A receiver of webhooks. What it took, repeats and all, in the order it took it. */
export class Receiver {
  readonly took: WebhookEvent[] = []
  /** Status for an event; 200 takes it, whether anybody waits for the answer or not. */
  answer: (event: WebhookEvent) => number | Promise<number> = () => 200
  #server: Server | undefined
  #port = 0
  #faults: unknown[] = []

  static async create(): Promise<Receiver> {
    const receiver = new Receiver()
    await receiver.up()
    onTestFinished(() => receiver.down())
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        this.#take(Buffer.concat(chunks).toString(), request.headers.authorization)
          .then(status => response.writeHead(status).end())
          .catch((error: unknown) => {
            this.#faults.push(error)
            response.writeHead(401).end()
          })
      })
    })
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  /** By id, each once, in the order they first came. */
  get story(): WebhookEvent[] {
    expect(this.#faults).toEqual([])
    return [...new Map(this.took.toReversed().map(event => [event.id, event])).values()]
      .sort((a, b) => this.#firstOf(a) - this.#firstOf(b))
      .map(event => event)
  }
  /** The story of a room in short words. */
  words(roomSid?: string): string[] {
    return this.story
      .filter(({ room }) => roomSid === undefined || room?.sid === roomSid)
      .map(({ event, participant, track }) =>
        [event, participant?.identity, track?.sid].filter(Boolean).join(' '),
      )
  }
  get repeats(): number {
    return this.took.length - new Set(this.took.map(({ id }) => id)).size
  }

  #firstOf({ id }: WebhookEvent): number {
    return this.took.findIndex(event => event.id === id)
  }
  async #take(body: string, authorization: string | undefined): Promise<number> {
    await verifyWebhook(body, authorization, [KEY])
    const event = WebhookEvent.fromJsonString(body)
    const status = await this.answer(event)
    if (status < 300) this.took.push(event)
    return status
  }
}
