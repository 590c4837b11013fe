import type { VerifiedClaims } from './claims.ts'

/**
 * Whether the token is from before the time given with RemoveParticipant (`revokeTokenTs`), by identity. The query parameter `publish` makes
 * `an#x` of `an`, with `an`'s token: what stands before each `#` is asked for, too.
 */
export function isRevoked(
  revoked: ReadonlyMap<string, number>,
  { identity, notBeforeS }: Pick<VerifiedClaims, 'identity' | 'notBeforeS'>,
): boolean {
  const parts = identity.split('#')
  return parts.some((_, n) => notBeforeS < (revoked.get(parts.slice(0, n + 1).join('#')) ?? 0))
}
