import { AppError } from '@diemcau/core/errors.ts'
import type { JoinQuery, VerifiedClaims } from '../room/claims.ts'

/**
 * What the query of `/rtc` adds to the token: attributes of the participant's own, and a second connection that only
 * publishes. @throws AppError('permission_denied') when the token does not allow it.
 */
export function claimsForJoin(claims: VerifiedClaims, query: JoinQuery): VerifiedClaims {
  const result = { ...claims, video: { ...claims.video } }
  const attributes = Object.entries(query.attributes).filter(([, value]) => value !== '')
  if (attributes.length > 0) {
    if (claims.video.canUpdateOwnMetadata !== true)
      throw new AppError('permission_denied', 'permission denied: the token does not allow own attributes')
    result.attributes = { ...claims.attributes, ...Object.fromEntries(attributes) }
  }
  if (query.publish !== '') {
    if (claims.video.canPublish === false)
      throw new AppError('permission_denied', 'permission denied: the token does not allow publishing')
    const suffix = `#${query.publish}`
    // A renewed token names the second connection already.
    result.identity = claims.identity.endsWith(suffix) ? claims.identity : claims.identity + suffix
    result.video.canSubscribe = false
  }
  return result
}
