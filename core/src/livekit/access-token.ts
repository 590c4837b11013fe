import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { isStorable, isStorableJson } from '../text/storable.ts'

/**
 * LiveKit access tokens: JWT (RFC 7519), HS256 only, `iss` names the API key whose secret signed it, grants in the `video`
 * claim. As livekit-server checks them (protocol/auth): a minute of clock skew both ways, and `jti` for a missing `sub`.
 * Other than there `exp` is required, so that no token is good for ever.
 */

/** A key pair of the LiveKit API. */
export interface ApiKey {
  key: string
  secret: string
}

/** Clocks of whoever signs and whoever checks may differ by this much, both ways. */
export const CLOCK_SKEW_S = 60

const flag = z.boolean().optional()
const text = z.string().refine(isStorable, { error: 'holds U+0000 or half of a surrogate pair' })

const videoGrants = z.object({
  roomJoin: flag,
  room: text.optional(),
  roomCreate: flag,
  roomList: flag,
  roomRecord: flag,
  roomAdmin: flag,
  canPublish: flag,
  canSubscribe: flag,
  canPublishData: flag,
  /** Names as in the token: 'camera', 'microphone', 'screen_share', 'screen_share_audio' (any case). Empty: all. */
  canPublishSources: z.array(z.string()).optional(),
  canUpdateOwnMetadata: flag,
  canSubscribeMetrics: flag,
  canManageAgentSession: flag,
  hidden: flag,
  recorder: flag,
  agent: flag,
  ingressAdmin: flag,
  /** This server's own: whoever holds the token may connect a second time by the query parameter `publish`. */
  secondConnection: flag,
  /** This server's own: a full node lets its holder in up to a higher border than others (the chair, halls). */
  keptSeat: flag,
  /** This server's own: whoever holds the token may look at the node and drain it (`/admin/…`). */
  nodeAdmin: flag,
  /** With `roomAdmin`: the room MoveParticipant and ForwardParticipant may send participants to. */
  destinationRoom: text.optional(),
})
/** LiveKit's `VideoGrant` as it stands in the `video` claim (camelCase). Undefined means "default". */
export type VideoGrants = z.infer<typeof videoGrants>

const claims = z.object({
  sub: text.default(''),
  jti: text.default(''),
  name: text.default(''),
  metadata: text.default(''),
  attributes: z
    .record(z.string(), z.string())
    .refine(isStorableJson, { error: 'holds U+0000 or half of a surrogate pair' })
    .default({}),
  kind: z.string().default(''),
  kindDetails: z.array(z.string()).max(16).default([]),
  roomConfig: z
    .record(z.string(), z.json())
    .refine(isStorableJson, { error: 'holds U+0000 or half of a surrogate pair' })
    .optional(),
  roomPreset: text.optional(),
  sha256: z.string().default(''),
  exp: z.number(),
  nbf: z.number().default(0),
  video: videoGrants.default({}),
})

/** What a verified token says. */
export interface AccessClaims {
  /** '' when the token names nobody, as those for the API. */
  identity: string
  name: string
  metadata: string
  attributes: Record<string, string>
  /** 'standard', 'ingress', 'egress', 'sip', 'agent', ...; '' when absent. */
  kind: string
  /** Names of ParticipantInfo.KindDetail in lower case. */
  kindDetails: string[]
  /** RoomConfiguration as JSON; absent when the token has none. */
  roomConfig?: Record<string, z.core.util.JSONType>
  /** Name of a configuration kept by the server; '' or absent: none. */
  roomPreset?: string
  /** Of webhooks: the SHA-256 of the body in base64; '' in other tokens. */
  sha256: string
  /** Seconds since the epoch; `notBeforeS` is 0 when the token does not say. */
  expiresAtS: number
  notBeforeS: number
  video: VideoGrants
}

export type AccessTokenVerifier = (token: string) => Promise<AccessClaims>

/**
 * Makes a verifier for these keys. The verifier throws AppError('unauthenticated') whose message names what is wrong
 * with the token (it is shown to the caller and holds no secret).
 */
export function createAccessTokenVerifier(
  keys: readonly ApiKey[],
  now: () => Date = () => new Date(),
): AccessTokenVerifier {
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
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_SKEW_S,
      currentDate: now(),
    }).catch((cause: unknown) => {
      throw refused(reasonOf(cause), cause)
    })
    const parsed = claims.safeParse(withoutNulls(payload))
    if (!parsed.success)
      throw refused(`invalid token: claim ${parsed.error.issues[0]?.path.join('.')} is malformed`)
    const { sub, jti, exp, nbf, ...rest } = parsed.data
    return { identity: sub || jti, expiresAtS: exp, notBeforeS: nbf, ...rest }
  }
}

/** What goes into a token; what is undefined is left out. `notBeforeS` is now by default. */
export type TokenContents = Partial<Omit<AccessClaims, 'expiresAtS'>>

/** Signs a token that is valid for so many seconds from now. One that renews another says that one's `notBeforeS`, by which both are revoked. */
export async function mintAccessToken(
  { key, secret }: ApiKey,
  { identity, notBeforeS, ...contents }: TokenContents,
  validForS: number,
  now: () => number = Date.now,
): Promise<string> {
  const nowS = Math.floor(now() / 1000)
  const jwt = new SignJWT({ ...contents })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(key)
    .setNotBefore(Math.min(notBeforeS ?? nowS, nowS))
    .setExpirationTime(nowS + validForS)
  return await (identity === undefined ? jwt : jwt.setSubject(identity)).sign(
    new TextEncoder().encode(secret),
  )
}

/** The token of a request: `Authorization: Bearer` (SDKs, API), or `access_token` of the query where that is read; '' when absent. */
export function tokenOf(
  request: { headers: { authorization?: string | undefined } },
  query: URLSearchParams | null,
): string {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1]
  return bearer ?? query?.get('access_token') ?? ''
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
