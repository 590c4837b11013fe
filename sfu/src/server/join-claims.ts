import { AppError } from '@diemcau/core/errors.ts'
import type { JoinQuery, VerifiedClaims } from '../room/base/claims.ts'
import { assertPlain } from '../room/base/metadata.ts'
import { assertBuilt } from '../room/base/room-configuration.ts'

/**
 * What the query of `/rtc` adds to the token: attributes of the participant's own, and a second connection that only
 * publishes. @throws AppError('permission_denied') when the token does not allow it, 'invalid_argument' or 'unimplemented' when it names
 * what cannot be.
 */
export function claimsForJoin(claims: VerifiedClaims, query: JoinQuery): VerifiedClaims {
  assertPlain('identity', claims.identity)
  assertPlain('the room', claims.video.room ?? '')
  assertPlain('publish', query.publish)
  if (claims.roomConfig || claims.roomPreset)
    assertBuilt(claims.roomConfig ?? { agents: [] }, claims.roomPreset ?? '')
  const result = { ...claims, video: { ...claims.video } }
  const attributes = Object.entries(query.attributes).filter(([, value]) => value !== '')
  if (attributes.length > 0) {
    if (claims.video.canUpdateOwnMetadata !== true)
      throw new AppError('permission_denied', 'permission denied: the token does not allow own attributes')
    result.attributes = { ...claims.attributes, ...Object.fromEntries(attributes) }
  }
  if (query.publish !== '') {
    if (claims.video.secondConnection !== true)
      throw new AppError(
        'permission_denied',
        'permission denied: the token does not allow a second connection (publish)',
      )
    if (claims.video.canPublish === false)
      throw new AppError('permission_denied', 'permission denied: the token does not allow publishing')
    result.owner = claims.identity
    result.identity = `${claims.identity}#${query.publish}`
    result.video.canSubscribe = false
  }
  return result
}
