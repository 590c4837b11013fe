/**
 * What the API said of somebody and what holds for the next connection too, at whatever node: the body of the record's `KeptFacts`. Each
 * fact has its time, because a token that was issued later says better.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { ParticipantPermission, type TrackSource } from '@livekit/protocol'
import { z } from 'zod'
import type { VerifiedClaims } from '../../room/base/claims.ts'
import type { Profile } from '../../room/base/metadata.ts'
import { grantsOf } from '../../room/base/permissions.ts'
import type { KeptFacts } from '../record/record-types.ts'

/** Of this form. A node that meets another one is older or newer and cannot share rooms with its writer. */
const FORMAT = 1
/** Of one participant; of more the oldest are forgotten. */
const MOST_ATTRIBUTES = 256
const MOST_MUTES = 64

/** Milliseconds since the epoch on the record's clock, when it was said. */
const dated = <T extends z.ZodType>(value: T) => z.object({ atMs: z.number().nonnegative(), value })

const schema = z.object({
  format: z.literal(FORMAT),
  name: dated(z.string()).optional(),
  metadata: dated(z.string()).optional(),
  /** In the order in which they were said. '': it was taken away. */
  attributes: z.array(z.object({ atMs: z.number().nonnegative(), key: z.string(), value: z.string() })),
  /** The whole ParticipantPermission, in base64. */
  permission: dated(z.base64()).optional(),
  /** Muted by the server, and not opened by their owner since. */
  mutes: z.array(z.object({ source: z.number().int(), name: z.string() })),
})

/** A track by what stays the same when its publisher comes back. */
export interface KeptMute {
  source: TrackSource
  name: string
}

interface Dated<T> {
  readonly atMs: number
  readonly value: T
}

/** Never changed in place. */
export interface Kept {
  readonly name?: Dated<string> | undefined
  readonly metadata?: Dated<string> | undefined
  readonly attributes: readonly { readonly atMs: number; readonly key: string; readonly value: string }[]
  readonly permission?: Dated<ParticipantPermission> | undefined
  readonly mutes: readonly KeptMute[]
}

export const nothingKept: Kept = { attributes: [], mutes: [] }

export const isNothing = ({ name, metadata, attributes, permission, mutes }: Kept): boolean =>
  !name && !metadata && !permission && attributes.length + mutes.length === 0

export function encodeKept({ permission, attributes, mutes, ...rest }: Kept): string {
  const value = permission && Buffer.from(permission.value.toBinary()).toString('base64')
  const body: z.input<typeof schema> = {
    format: FORMAT,
    ...rest,
    attributes: [...attributes],
    mutes: [...mutes],
    ...(permission && value !== undefined ? { permission: { atMs: permission.atMs, value } } : {}),
  }
  return JSON.stringify(body)
}

/** @throws AppError('invalid_argument') for what a node of another version wrote */
export function decodeKept(body: string): Kept {
  try {
    const { format: _, permission, ...rest } = schema.parse(JSON.parse(body))
    if (!permission) return rest
    const value = ParticipantPermission.fromBinary(Buffer.from(permission.value, 'base64'))
    return { ...rest, permission: { atMs: permission.atMs, value } }
  } catch (error) {
    throw new AppError('invalid_argument', 'what another node keeps of a participant cannot be read', {
      cause: error,
    })
  }
}

/** What the API said now, over what it had said. An empty set of changes changes nothing. */
export function keepChanges(
  kept: Kept,
  atMs: number,
  changes: Partial<Profile> & { permission?: ParticipantPermission | undefined },
): Kept {
  const { name, metadata, permission } = changes
  const said = Object.entries(changes.attributes ?? {})
  const again = new Set(said.map(([key]) => key))
  const attributes = [
    ...kept.attributes.filter(({ key }) => !again.has(key)),
    ...said.map(([key, value]) => ({ atMs, key, value })),
  ]
  return {
    ...kept,
    attributes: attributes.slice(-MOST_ATTRIBUTES),
    ...(name === undefined ? {} : { name: { atMs, value: name } }),
    ...(metadata === undefined ? {} : { metadata: { atMs, value: metadata } }),
    ...(permission === undefined ? {} : { permission: { atMs, value: permission.clone() } }),
  }
}

const isSame = (a: KeptMute, b: KeptMute): boolean => a.source === b.source && a.name === b.name

export const isKeptMuted = (kept: Kept, track: KeptMute): boolean =>
  kept.mutes.some(mute => isSame(mute, track))

export function keepMute(kept: Kept, { source, name }: KeptMute, isMuted: boolean): Kept {
  const others = kept.mutes.filter(mute => !isSame(mute, { source, name }))
  return { ...kept, mutes: [...others, ...(isMuted ? [{ source, name }] : [])].slice(-MOST_MUTES) }
}

/**
 * The claims of a join with what the API has said since the token was issued (`nbf`, seconds). A token of the same second is taken for
 * the older: what is said to somebody right after it was let in must hold. Claims of second connections follow their owner and are given back as they are.
 * @throws AppError('invalid_argument') for what a node of another version wrote
 */
export function applyKept(claims: VerifiedClaims, record: KeptFacts | null): VerifiedClaims {
  if (!record || claims.owner !== undefined) return claims
  const { name, metadata, attributes, permission } = decodeKept(record.body)
  const isNewer = ({ atMs }: { atMs: number }) => Math.floor(atMs / 1000) >= claims.notBeforeS
  const overlaid = { ...claims.attributes }
  for (const said of attributes) {
    if (!isNewer(said)) continue
    if (said.value === '') delete overlaid[said.key]
    else overlaid[said.key] = said.value
  }
  return {
    ...claims,
    attributes: overlaid,
    ...(name && isNewer(name) ? { name: name.value } : {}),
    ...(metadata && isNewer(metadata) ? { metadata: metadata.value } : {}),
    ...(permission && isNewer(permission) ? { video: grantsOf(permission.value, claims.video) } : {}),
  }
}

/** Without what has become untrue: they have said otherwise themselves since, or a newer token has. */
export function keepStill(kept: Kept, now: Profile): Kept {
  const { name, metadata, attributes, ...rest } = kept
  return {
    ...rest,
    ...(name?.value === now.name ? { name } : {}),
    ...(metadata?.value === now.metadata ? { metadata } : {}),
    attributes: attributes.filter(({ key, value }) => (now.attributes[key] ?? '') === value),
  }
}
