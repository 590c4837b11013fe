import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { type ApiKey, createAccessTokenVerifier, mintAccessToken } from './access-token.ts'

/**
 * LiveKit webhooks are signed with a short-lived access token in the Authorization header (without "Bearer") whose `sha256`
 * claim is the hash of the body.
 */

const VALID_FOR_S = 300

const hashOf = (body: string): string => createHash('sha256').update(body).digest('base64')

/** The value of the Authorization header for this body, good from `now` on (milliseconds since the epoch). */
export const signWebhook = (body: string, key: ApiKey, now?: () => number): Promise<string> =>
  mintAccessToken(key, { sha256: hashOf(body) }, VALID_FOR_S, now)

/** @throws AppError `invalid_signature` with the reason when the body is not signed with one of the keys. */
export async function verifyWebhook(
  body: string,
  authorization: string | null | undefined,
  keys: readonly ApiKey[],
): Promise<void> {
  const token = (authorization ?? '').replace(/^Bearer\s+/i, '')
  const { sha256 } = await createAccessTokenVerifier(keys)(token).catch((cause: unknown) => {
    throw new AppError('invalid_signature', cause instanceof Error ? cause.message : 'invalid token', {
      cause,
    })
  })
  if (sha256 !== hashOf(body)) throw new AppError('invalid_signature', 'the signature is of another body')
}
