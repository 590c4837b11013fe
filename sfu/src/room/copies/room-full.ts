/**
 * All that a node says of a room at once (the message `room.full` of the cluster's design): to one that has come in, or has missed something.
 * Who has a thousand members with long metadata says it in several parts, so that no part is too long for a link.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId } from '@diemcau/core/ids.ts'
import { z } from 'zod'
import { type DataTrackWants, dataTrackWants } from '../data/remote-data-tracks.ts'
import { decodeMemberRecord, type MemberRecord } from '../member/member-record.ts'
import type { QualityFacts } from '../telling/connection-quality.ts'
import type { Audible } from '../telling/room-speakers.ts'

/** Of this form. A node that meets another one is older or newer and cannot share rooms with its writer. */
const FORMAT = 1
/** About as long a part gets, bytes; the longest record is shorter than what a link takes beyond it. */
const PART_BYTES = 1024 * 1024

/** What holds just now on a node, and changes too often to be in their records. */
export interface NodeState {
  qualities: QualityFacts[]
  /** Loudest first. */
  audible: Audible[]
  /** Data tracks that somebody there is to get. */
  dataTracks: DataTrackWants
  /** How many record there. */
  recorders: number
}

export interface FullPart {
  /** In the first part: the sids of all members; who is not among them has left. */
  all: ReadonlySet<string> | undefined
  members: MemberRecord[]
  /** In the last part. */
  state: NodeState | undefined
}

const participantId = z.string().transform(id => id as ParticipantId)
const schema = z.object({
  format: z.literal(FORMAT),
  all: z.array(z.string()).optional(),
  /** Records in base64. */
  members: z.array(z.base64()),
  state: z
    .object({
      qualities: z.array(
        z.object({ participantId, quality: z.number().int().min(0).max(3), score: z.number() }),
      ),
      audible: z.array(z.object({ participantId, level: z.number() })),
      dataTracks: dataTrackWants,
      recorders: z.number().int().nonnegative(),
    })
    .optional(),
})

/** At least one part. `records`: by sid, each as `decodeMemberRecord` reads it. */
export function encodeFull(records: ReadonlyMap<string, Uint8Array>, state: NodeState): Uint8Array[] {
  const parts: string[][] = [[]]
  let bytes = 0
  for (const record of records.values()) {
    if (bytes > 0 && bytes + record.length > PART_BYTES) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(Buffer.from(record).toString('base64'))
    bytes += record.length
  }
  return parts.map((members, index) => {
    const part: z.input<typeof schema> = {
      format: FORMAT,
      members,
      ...(index === 0 ? { all: [...records.keys()] } : {}),
      ...(index === parts.length - 1 ? { state } : {}),
    }
    return Buffer.from(JSON.stringify(part))
  })
}

/** @throws AppError('invalid_argument') */
export function decodeFullPart(bytes: Uint8Array): FullPart {
  try {
    const { all, members, state } = schema.parse(JSON.parse(Buffer.from(bytes).toString()))
    return {
      all: all && new Set(all),
      members: members.map(record => decodeMemberRecord(Buffer.from(record, 'base64'))),
      state,
    }
  } catch (error) {
    throw new AppError('invalid_argument', 'what another node says of a room cannot be read', {
      cause: error,
    })
  }
}
