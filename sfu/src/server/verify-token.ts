import { AppError } from '@diemcau/core/errors.ts'
import { RoomConfiguration } from '@livekit/protocol'
import { decodeJwt, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import type { VerifiedClaims } from '../room/claims.ts'

/**
 * LiveKit access tokens: JWT (RFC 7519), HS256 only, `iss` names the API key whose secret signed it, `exp` required,
 * grants in the `video` claim.
 */

/** Clocks of portal and SFU may differ by this much; the same as livekit-server-sdk allows. */
const CLOCK_TOLERANCE_S = 10

const flag = z.boolean().optional()
const claims = z.object({
  sub: z.string().default(''),
  name: z.string().default(''),
  metadata: z.string().default(''),
  attributes: z.record(z.string(), z.string()).default({}),
  kind: z.string().default(''),
  kindDetails: z.array(z.string()).max(16).default([]),
  roomConfig: z.record(z.string(), z.json()).optional(),
  exp: z.number(),
  nbf: z.number().default(0),
  video: z
    .object({
      room: z.string().optional(),
      roomJoin: flag,
      roomCreate: flag,
      roomList: flag,
      roomRecord: flag,
      roomAdmin: flag,
      canPublish: flag,
      canSubscribe: flag,
      canPublishData: flag,
      canPublishSources: z.array(z.string()).optional(),
      canUpdateOwnMetadata: flag,
      canSubscribeMetrics: flag,
      hidden: flag,
      recorder: flag,
      agent: flag,
      canManageAgentSession: flag,
      ingressAdmin: flag,
      destinationRoom: z.string().optional(),
    })
    .default({}),
})

export type TokenVerifier = (token: string) => Promise<VerifiedClaims>

/**
 * Makes a verifier for these keys. The verifier throws AppError('unauthenticated') whose message names what is wrong
 * with the token (it is shown to the caller and holds no secret).
 */
export function createTokenVerifier(
  keys: readonly { key: string; secret: string }[],
  now: () => Date = () => new Date(),
): TokenVerifier {
  const secrets = new Map(keys.map(({ key, secret }) => [key, new TextEncoder().encode(secret)]))
  return async token => {
    if (token === '') throw refused('no permissions: the request carries no access token')
    let issuer: string | undefined
    try {
      issuer = decodeJwt(token).iss
    } catch (cause) {
      throw refused('invalid token: it is not a JWT', cause)
    }
    const secret = issuer === undefined ? undefined : secrets.get(issuer)
    if (secret === undefined) throw refused('invalid token: its API key is unknown here')
    try {
      const { payload } = await jwtVerify(token, secret, {
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: now(),
      })
      const parsed = claims.safeParse(withoutNulls(payload))
      if (!parsed.success)
        throw refused(`invalid token: claim ${parsed.error.issues[0]?.path.join('.')} is malformed`)
      const { sub, exp, nbf, roomConfig, ...rest } = parsed.data
      return {
        identity: sub,
        expiresAtS: exp,
        notBeforeS: nbf,
        ...rest,
        ...(roomConfig === undefined ? {} : { roomConfig: roomConfigOf(roomConfig) }),
      }
    } catch (cause) {
      if (cause instanceof AppError) throw cause
      throw refused(reasonOf(cause), cause)
    }
  }
}

/** Server SDKs in Rust and Ruby write `null` for what is not given, as LiveKit's own server reads it. Objects within are looked into. */
function withoutNulls(object: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [
        key,
        typeof value === 'object' && !Array.isArray(value) ? withoutNulls(value) : value,
      ]),
  )
}

function roomConfigOf(json: Parameters<typeof RoomConfiguration.fromJson>[0]): RoomConfiguration {
  try {
    return RoomConfiguration.fromJson(json, { ignoreUnknownFields: true })
  } catch (cause) {
    throw refused('invalid token: claim roomConfig is malformed', cause)
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return 'invalid token: it has expired'
  if (cause instanceof errors.JWTClaimValidationFailed)
    return cause.claim === 'nbf'
      ? 'invalid token: it is not valid yet'
      : `invalid token: claim ${cause.claim} is missing or wrong`
  if (cause instanceof errors.JWSSignatureVerificationFailed)
    return 'invalid token: it was signed with another secret'
  if (cause instanceof errors.JOSEAlgNotAllowed) return 'invalid token: only HS256 is accepted'
  return 'invalid token'
}

const refused = (message: string, cause?: unknown) => new AppError('unauthenticated', message, { cause })

/** The token of a request: `Authorization: Bearer` (native SDKs, API) or `access_token` in the query (browsers); '' when absent. */
export function tokenOf(request: { headers: { authorization?: string } }, query: URLSearchParams): string {
  const header = request.headers.authorization ?? ''
  const bearer = /^Bearer\s+(.+)$/i.exec(header)?.[1]
  return bearer ?? query.get('access_token') ?? ''
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
