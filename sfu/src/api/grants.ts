import { AppError } from '@diemcau/core/errors.ts'
import type { VerifiedClaims } from '../room/base/claims.ts'

/** Which grant a RoomService method asks of its token; the same table as LiveKit's. */
export type RequiredGrant = 'roomCreate' | 'roomList' | 'roomAdmin'

/**
 * @param room the room the request names; only `roomAdmin` is bound to one.
 * @throws AppError('permission_denied')
 */
export function assertGranted(claims: VerifiedClaims, grant: RequiredGrant, room: string): void {
  if (claims.video[grant] !== true)
    throw new AppError('permission_denied', `permission denied: the token has no ${grant} grant`)
  if (grant === 'roomAdmin' && (claims.video.room === undefined || claims.video.room !== room))
    throw new AppError('permission_denied', 'permission denied: the token is for another room')
}

/**
 * For methods that bring a participant into another room: `destinationRoom` of the token must name it.
 * @throws AppError('permission_denied')
 */
export function assertDestination(claims: VerifiedClaims, destination: string): void {
  const { destinationRoom = '' } = claims.video
  if (destinationRoom === '' || destinationRoom !== destination)
    throw new AppError(
      'permission_denied',
      'permission denied: the token has no grant for the destination room',
    )
}
