/**
 * A node that hands a client's signalling on to another says for whom, in headers of the upgrade that only the cluster's nodes can sign:
 * where the client came from, and that it is to be served there and not handed on again.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

const HEADERS = {
  address: 'x-diemcau-client',
  at: 'x-diemcau-passed-at',
  proof: 'x-diemcau-passed-by',
} as const
/** Such a word is good for so long, on the record's clock, ms. */
const GOOD_FOR_MS = 30_000

export class PassingOn {
  readonly #key: Buffer
  readonly #nowMs: () => number

  /** `secret`: the cluster's. `nowMs`: the record's time. */
  constructor(secret: string, nowMs: () => number) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'diemcau signalling passed on', 32))
    this.#nowMs = nowMs
  }

  /** `requestLine`: path and query, with the token in it. */
  headers(clientAddress: string, requestLine: string): Record<string, string> {
    const at = String(Math.round(this.#nowMs()))
    return {
      [HEADERS.address]: clientAddress,
      [HEADERS.at]: at,
      [HEADERS.proof]: this.#proof(clientAddress, at, requestLine).toString('hex'),
    }
  }

  /** The client's address if another node of this cluster has handed it on; undefined for everybody else. */
  clientOf(headers: IncomingHttpHeaders, requestLine: string): string | undefined {
    const [address, at, proof] = [headers[HEADERS.address], headers[HEADERS.at], headers[HEADERS.proof]]
    if (typeof address !== 'string' || typeof at !== 'string' || typeof proof !== 'string') return undefined
    const expected = this.#proof(address, at, requestLine)
    const given = Buffer.from(proof, 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    return Math.abs(this.#nowMs() - Number(at)) <= GOOD_FOR_MS ? address : undefined
  }

  #proof(address: string, at: string, requestLine: string): Buffer {
    const request = createHash('sha256').update(requestLine).digest('hex')
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([address, at, request]))
      .digest()
  }
}
