/**
 * A data packet on its way between nodes: as it goes out to clients, encoded once, with what the receiving node has to
 * know of it. A node's word is still input: what is no such word is refused as a whole.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { z } from 'zod'
import type { Outgoing } from './data-packets.ts'

export interface DataWord {
  kind: 'reliable' | 'lossy'
  outgoing: Outgoing
  /** Who sent it, and the version of its facts then: the receivers hear of those first. Undefined: the API. */
  from: { participantId: string; version: number } | undefined
}

const header = z.object({
  kind: z.enum(['reliable', 'lossy']),
  from: z.object({ participantId: z.string(), version: z.number().int().nonnegative() }).optional(),
  senderSid: z.string(),
  sequence: z.number().int().nonnegative(),
  destinations: z.object({ identities: z.array(z.string()), sids: z.array(z.string()) }).optional(),
  isMetrics: z.boolean(),
})

/** Length of the header (four bytes, big endian), header (JSON), payload. */
export function encodeDataWord({ kind, from, outgoing }: DataWord): Uint8Array {
  const { payload, senderSid, sequence, destinations, isMetrics } = outgoing
  const text: z.input<typeof header> = {
    kind,
    senderSid,
    sequence,
    isMetrics,
    ...(from ? { from } : {}),
    ...(destinations
      ? { destinations: { identities: [...destinations.identities], sids: [...destinations.sids] } }
      : {}),
  }
  const head = Buffer.from(JSON.stringify(text))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, payload])
}

/** @throws AppError('invalid_argument') */
export function decodeDataWord(bytes: Uint8Array): DataWord {
  try {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const end = 4 + all.readUInt32BE(0)
    if (end > all.length) throw new Error('it ends in its header')
    const { kind, from, destinations, ...rest } = header.parse(JSON.parse(all.toString('utf8', 4, end)))
    return {
      kind,
      from,
      outgoing: {
        ...rest,
        destinations: destinations && {
          identities: new Set(destinations.identities),
          sids: new Set(destinations.sids),
        },
        payload: all.subarray(end),
      },
    }
  } catch (error) {
    throw new AppError('invalid_argument', 'what another node sent is no data packet', { cause: error })
  }
}
