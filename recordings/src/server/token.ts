import { AppError } from '@diemcau/core/errors.ts'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'

/** Server SDKs in Rust and Ruby write `null` for what is not given. */
const claims = z.object({
  sub: z.string().nullish(),
  video: z.object({ roomRecord: z.boolean().nullish(), room: z.string().nullish() }).nullish(),
})

const CLOCK_TOLERANCE_SECONDS = 10

export interface Keys {
  apiKey: string
  apiSecret: string
}

const secretOf = (keys: Keys): Uint8Array => new TextEncoder().encode(keys.apiSecret)

/**
 * Checks a LiveKit token. Resolves to the one room it is for, or undefined when it is for all.
 * @throws AppError `unauthenticated` with the reason, `permission_denied` without roomRecord.
 */
export async function assertMayRecord(token: string | null, keys: Keys): Promise<string | undefined> {
  if (!token) throw new AppError('unauthenticated', 'no token')
  let payload: unknown
  try {
    payload = (
      await jwtVerify(token, secretOf(keys), {
        issuer: keys.apiKey,
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      })
    ).payload
  } catch (error) {
    throw new AppError('unauthenticated', `invalid token: ${error instanceof Error ? error.message : error}`)
  }
  const video = claims.safeParse(payload).data?.video
  if (video?.roomRecord !== true)
    throw new AppError('permission_denied', 'permissions denied: the token has no roomRecord grant')
  return video.room || undefined
}

/** The recorder's own token for the SFU, good for one connection attempt. */
export async function mintCaptureToken(roomName: string, keys: Keys): Promise<string> {
  return new SignJWT({ video: { room: roomName, roomRecord: true, hidden: true, recorder: true } })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(keys.apiKey)
    .setSubject('recorder')
    .setNotBefore('-10s')
    .setExpirationTime('60s')
    .sign(secretOf(keys))
}
