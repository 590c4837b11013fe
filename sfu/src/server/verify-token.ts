import { AppError } from '@diemcau/core/errors.ts'
import {
  type AccessClaims,
  type ApiKey,
  createAccessTokenVerifier,
} from '@diemcau/core/livekit/access-token.ts'
import { RoomConfiguration } from '@livekit/protocol'
import type { VerifiedClaims } from '../room/base/claims.ts'

export type TokenVerifier = (token: string) => Promise<VerifiedClaims>

/**
 * Makes a verifier of access tokens for these keys, which also reads the room's configuration out of them.
 * It throws AppError('unauthenticated') whose message names what is wrong with the token.
 */
export function createTokenVerifier(keys: readonly ApiKey[], now?: () => Date): TokenVerifier {
  const verify = createAccessTokenVerifier(keys, now)
  return async token => {
    const { roomConfig, sha256: _ofWebhooks, ...claims } = await verify(token)
    return roomConfig === undefined ? claims : { ...claims, roomConfig: roomConfigOf(roomConfig) }
  }
}

function roomConfigOf(json: NonNullable<AccessClaims['roomConfig']>): RoomConfiguration {
  try {
    return RoomConfiguration.fromJson(json, { ignoreUnknownFields: true })
  } catch (cause) {
    throw new AppError('unauthenticated', 'invalid token: claim roomConfig is malformed', { cause })
  }
}

/**
 * What a token must say to join: `roomJoin`, a room and an identity; a room named in the query must be the token's.
 * @throws AppError('permission_denied') with the reason.
 */
export function assertMayJoin(claims: VerifiedClaims, requestedRoom: string | null): void {
  const { room, roomJoin } = claims.video
  if (roomJoin !== true) throw denied('permission denied: the token has no roomJoin grant')
  if (room === undefined || room === '') throw denied('permission denied: the token names no room')
  if (requestedRoom !== null && requestedRoom !== '' && requestedRoom !== room)
    throw denied('permission denied: the token is for another room')
  if (claims.identity === '') throw denied('permission denied: the token has no identity')
}

const denied = (message: string) => new AppError('permission_denied', message)
