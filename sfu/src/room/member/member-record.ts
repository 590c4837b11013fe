/**
 * A participant's facts as they travel from the node that holds its connection to the others (the message `member` of
 * the cluster's design): all of them each time, so that the newest alone is enough. A node's word is still input: what is
 * no record is refused as a whole.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId } from '@diemcau/core/ids.ts'
import { ParticipantInfo } from '@livekit/protocol'
import { z } from 'zod'
import type { RemoteTrackFacts } from '../base/node-media.ts'
import type { KeptWord } from './participant-facts.ts'
import { TrackPermissions } from './track-permissions.ts'

/** Of this form. A node that meets another one is older or newer and cannot share rooms with its writer. */
const FORMAT = 1

export interface MemberRecord {
  participantId: ParticipantId
  identity: string
  /** Of a second connection: the identity it belongs to. */
  owner: string | undefined
  /** Of the claim to its identity in the room; a higher one replaces it. */
  epoch: number
  /** Of these facts; a lower or equal one is old. */
  version: number
  info: ParticipantInfo
  trackPermissions: TrackPermissions | undefined
  /** What holds for the next connection of its identity. */
  kept: KeptWord | undefined
  /** What the media side has to know of its tracks; of one that is just beginning it comes with the next record. */
  media: RemoteTrackFacts[]
}

const schema = z.object({
  format: z.literal(FORMAT),
  owner: z.string().optional(),
  epoch: z.number().int().nonnegative(),
  /** ParticipantInfo in base64. */
  info: z.base64(),
  trackPermissions: z
    .array(
      z.object({
        by: z.enum(['sid', 'identity']),
        who: z.string(),
        allTracks: z.boolean(),
        trackSids: z.array(z.string()),
      }),
    )
    .optional(),
  kept: z.object({ rev: z.number().int().nonnegative(), body: z.string() }).optional(),
  /** Read closely by the media side. */
  media: z.array(z.looseObject({ trackId: z.string() })),
})

/** Whose facts can be told. */
export interface RecordedFacts {
  readonly owner?: string | undefined
  readonly trackPermissions: TrackPermissions | undefined
  readonly kept?: KeptWord | undefined
  encodedInfo(): Uint8Array
}

/** `media`: of its published tracks, as far as the media side knows them. */
export function encodeMemberRecord(
  facts: RecordedFacts,
  epoch: number,
  media: readonly RemoteTrackFacts[],
): Uint8Array {
  const { owner, trackPermissions, kept } = facts
  const record: z.input<typeof schema> = {
    format: FORMAT,
    epoch,
    media: media.map(track => ({ ...track })),
    info: Buffer.from(facts.encodedInfo()).toString('base64'),
    ...(owner === undefined ? {} : { owner }),
    ...(kept ? { kept } : {}),
    ...(trackPermissions ? { trackPermissions: trackPermissions.records() } : {}),
  }
  return Buffer.from(JSON.stringify(record))
}

/** @throws AppError('invalid_argument') */
export function decodeMemberRecord(bytes: Uint8Array): MemberRecord {
  try {
    const { owner, epoch, info, trackPermissions, kept, media } = schema.parse(
      JSON.parse(Buffer.from(bytes).toString()),
    )
    const told = ParticipantInfo.fromBinary(Buffer.from(info, 'base64'))
    if (told.sid === '' || told.identity === '') throw new Error('it names nobody')
    return {
      participantId: told.sid as ParticipantId,
      identity: told.identity,
      owner,
      epoch,
      version: told.version,
      info: told,
      trackPermissions: trackPermissions && new TrackPermissions(trackPermissions),
      kept,
      media: media as unknown as RemoteTrackFacts[],
    }
  } catch (error) {
    throw new AppError('invalid_argument', 'what another node says of a participant is no record of one', {
      cause: error,
    })
  }
}
