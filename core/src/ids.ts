import { z } from 'zod'

/**
 * Identifiers that cross a process carry LiveKit's prefixes, so that a log line alone tells what an id names:
 * `RM_` room, `PA_` participant (one connection), `TR_` track, `EG_` recording (egress), `EV_` webhook event,
 * `ND_` one run of a node.
 */
export type Brand<T, Name extends string> = T & { readonly __brand: Name }
export type RoomId = Brand<string, 'RoomId'>
export type ParticipantId = Brand<string, 'ParticipantId'>
export type TrackId = Brand<string, 'TrackId'>
export type EgressId = Brand<string, 'EgressId'>
/** One run of a node, from its start to its end: new at each start, never used again once buried. */
export type Incarnation = Brand<string, 'Incarnation'>

const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz'

/** Random id of `length` characters (default 12, about 69 bits) after `prefix`; without look-alikes such as 0/O. */
export function newId<T extends string>(prefix: string, length = 12): T {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  let id = prefix
  for (const byte of bytes) id += ALPHABET[byte % ALPHABET.length]
  return id as T
}

export const newRoomId = () => newId<RoomId>('RM_')
export const newParticipantId = () => newId<ParticipantId>('PA_')
export const newTrackId = () => newId<TrackId>('TR_')
export const newEgressId = () => newId<EgressId>('EG_')

/** A point in time on the wire: UTC ISO 8601 with milliseconds. */
export const isoTime = z.iso.datetime({ offset: false })
