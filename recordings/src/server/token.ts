import { AppError } from '@diemcau/core/errors.ts'
import {
  type ApiKey,
  createAccessTokenVerifier,
  mintAccessToken,
} from '@diemcau/core/livekit/access-token.ts'

/** How long the SFU has to take the recorder in, s. */
const CAPTURE_TOKEN_S = 60

/**
 * Checks a LiveKit token. Resolves to the one room it is for, or undefined when it is for all.
 * @throws AppError `unauthenticated` with the reason, `permission_denied` without roomRecord.
 */
export async function assertMayRecord(token: string, keys: readonly ApiKey[]): Promise<string | undefined> {
  const { video } = await createAccessTokenVerifier(keys)(token)
  if (video.roomRecord !== true)
    throw new AppError('permission_denied', 'permissions denied: the token has no roomRecord grant')
  return video.room || undefined
}

/** The recorder's own token for the SFU, good for one connection attempt. */
export const mintCaptureToken = (roomName: string, key: ApiKey): Promise<string> =>
  mintAccessToken(
    key,
    { identity: 'recorder', video: { room: roomName, roomRecord: true, hidden: true, recorder: true } },
    CAPTURE_TOKEN_S,
  )
