/**
 * How two nodes prove to each other that they are of the same cluster.
 *
 * The channel is TLS 1.3 with a pre-shared key (RFC 8446 §2.2, psk_dhe_ke) that is derived from the cluster's secret: who does not have it
 * gets no further than the first flight, no certificate exists, and old traffic stays secret if the secret is lost. A pre-shared key
 * alone does not say who is at which end (RFC 9257 §6, "Selfie"), so each side then sends a hello with an HMAC, under a second key,
 * over its role, the hello and a value exported from this very channel (RFC 8446 §7.5): it fits no other channel, no other
 * direction and no other pair of incarnations. The one who dials proves first; a stranger gets no word.
 */
import { createHmac, hkdfSync, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { MAX_NUMBER } from './frame-codec.ts'
import type { Incarnation } from './node-links.ts'
import type { Had } from './outgoing-queue.ts'

export interface LinkKeys {
  /** Of TLS. */
  psk: Buffer
  /** Of the hellos. */
  proof: Buffer
}
export type Role = 'dialler' | 'acceptor'

export interface Hello {
  from: Incarnation
  /** Whom it takes the other side for. */
  to: Incarnation
  had: Had | null
  /** Why the acceptor will not talk to this peer, who is of the cluster. */
  refused: 'buried' | 'other_incarnation' | 'version' | null
}

/** A hello that does not hold. `stranger`: its proof is wrong, or it is none. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly why: 'stranger' | 'version' | 'malformed'
  constructor(why: HandshakeError['why']) {
    super(`the other side is not let in: ${why}`)
    this.why = why
  }
}

export const PSK_IDENTITY = 'diemcau-link-1'
/** Registered use of the exporter for private protocols: a label of one's own. */
export const EXPORTER_LABEL = 'EXPORTER-diemcau-link-1'
export const EXPORTER_BYTES = 32
/** A hello is never longer. */
export const MAX_HELLO_BYTES = 1024
const VERSION = 1
const PROOF_BYTES = 32
/** Some 50 ms once a start: a short secret, which is refused outside of development, is at least dear to guess from a recorded hello. */
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 }

const number = z.number().int().min(0).max(MAX_NUMBER)
const helloSchema = z.object({
  version: z.number().int(),
  from: z.string().min(1).max(64),
  to: z.string().min(1).max(64),
  had: z.object({ generation: number, facts: number, data: number }).nullable(),
  refused: z.enum(['buried', 'other_incarnation', 'version']).nullable(),
})

/** Both keys of the cluster's secret. */
export async function deriveLinkKeys(secret: string): Promise<LinkKeys> {
  const stretch = promisify<string, string, number, typeof SCRYPT, Buffer>(scrypt)
  const root = await stretch(secret, 'diemcau cluster links', 32, SCRYPT)
  const key = (use: string) => Buffer.from(hkdfSync('sha256', root, '', `diemcau link ${use}`, 32))
  return { psk: key('psk'), proof: key('proof') }
}

/** The bytes of a hello with its proof in front. */
export function sealHello(keys: LinkKeys, exported: Buffer, role: Role, hello: Hello): Buffer {
  const body = Buffer.from(JSON.stringify({ version: VERSION, ...hello }))
  return Buffer.concat([proofOf(keys, exported, role, body), body])
}

/**
 * @param role the other side's
 * @throws HandshakeError. Nothing of the body is looked at before the proof holds.
 */
export function openHello(keys: LinkKeys, exported: Buffer, role: Role, bytes: Buffer): Hello {
  if (bytes.length <= PROOF_BYTES || bytes.length > MAX_HELLO_BYTES) throw new HandshakeError('stranger')
  const body = bytes.subarray(PROOF_BYTES)
  if (!timingSafeEqual(bytes.subarray(0, PROOF_BYTES), proofOf(keys, exported, role, body)))
    throw new HandshakeError('stranger')
  let json: unknown
  try {
    json = JSON.parse(body.toString())
  } catch {
    throw new HandshakeError('malformed')
  }
  const parsed = helloSchema.safeParse(json)
  if (!parsed.success) throw new HandshakeError('malformed')
  const { version, ...hello } = parsed.data
  if (version !== VERSION) throw new HandshakeError('version')
  return hello as Hello
}

const proofOf = (keys: LinkKeys, exported: Buffer, role: Role, body: Buffer): Buffer =>
  createHmac('sha256', keys.proof).update(`diemcau link ${role}\n`).update(exported).update(body).digest()
