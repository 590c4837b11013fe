/**
 * Second connections: the query parameter `publish` lets the holder of a token connect once more, only to publish, as `identity#publish`.
 * Such a connection belongs to its owner: it needs a grant and the owner in the room, may do no more than the owner may at that time, ends
 * when the owner does, and is never counted as somebody.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { ParticipantPermission } from '@livekit/protocol'
import type { VerifiedClaims } from '../base/claims.ts'
import { isSilent, type ParticipantCloseReason } from '../base/close-reasons.ts'
import { grantsOf } from '../base/permissions.ts'
import type { Participant } from './participant.ts'
import type { RoomView } from './room-view.ts'

/** The second connections of this identity. */
export const secondsOf = (room: Pick<RoomView, 'participants'>, identity: string): Participant[] =>
  [...room.participants.values()].filter(({ owner }) => owner === identity)

/** What second connections have of their owner. */
export interface MemberProfile {
  readonly name: string
  readonly metadata: string
  readonly attributes: Record<string, string>
  /** Another object when it is another one. */
  readonly permission: ParticipantPermission
}

type OwnerElsewhere = MemberProfile & { readonly owner: string | undefined }

/** Where owners are: with a connection here, or on another node. */
interface OwnersRoom extends Pick<RoomView, 'participants'> {
  readonly remote: { get(identity: string): OwnerElsewhere | undefined; list(): OwnerElsewhere[] }
}

/**
 * What a second connection is and may do: as its owner is and may at this moment, but for subscribing. Claims of a first connection are
 * given back as they are. @throws AppError 'failed_precondition' (no such owner here), 'already_exists' (somebody else has that identity),
 * 'resource_exhausted'.
 */
export function ownedClaims(room: OwnersRoom, claims: VerifiedClaims, most: number): VerifiedClaims {
  if (claims.owner === undefined) return claims
  const find = (identity: string) => room.participants.get(identity) ?? room.remote.get(identity)
  const owner = find(claims.owner)
  if (!owner || owner.owner !== undefined)
    throw new AppError('failed_precondition', 'a second connection needs its owner in the room')
  const current = find(claims.identity)
  if (current && current.owner !== claims.owner)
    throw new AppError('already_exists', 'the identity of this second connection is taken')
  const elsewhere = room.remote.list().filter(member => member.owner === claims.owner)
  if (!current && secondsOf(room, claims.owner).length + elsewhere.length >= most)
    throw new AppError('resource_exhausted', `a participant has ${most} second connections at most`)
  const { name, metadata, attributes } = owner
  const video = { ...grantsOf(owner.permission, claims.video), canSubscribe: false }
  return { ...claims, name, metadata, attributes, video }
}

/** What changed from `before` to `now`, as a change of a profile is asked for. */
export function changesOf(
  before: MemberProfile,
  now: MemberProfile,
): Partial<Omit<MemberProfile, 'permission'>> {
  const keys = new Set([...Object.keys(before.attributes), ...Object.keys(now.attributes)])
  const changed = [...keys].filter(key => before.attributes[key] !== now.attributes[key])
  return {
    ...(now.name === before.name ? {} : { name: now.name }),
    ...(now.metadata === before.metadata ? {} : { metadata: now.metadata }),
    ...(changed.length === 0
      ? {}
      : { attributes: Object.fromEntries(changed.map(key => [key, now.attributes[key] ?? ''])) }),
  }
}

/** The permission of an owner as it holds for its second connections. */
export const ownedPermission = (permission: ParticipantPermission): ParticipantPermission =>
  new ParticipantPermission({ ...permission, canSubscribe: false })

/** Why a second connection ends when its owner ended for `reason`. */
export const ownedReason = (reason: ParticipantCloseReason): ParticipantCloseReason =>
  isSilent(reason) ? 'owner_left' : reason
