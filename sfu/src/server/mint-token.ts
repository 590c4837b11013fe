import { SignJWT } from 'jose'
import type { TokenMinter } from '../room/claims.ts'

/**
 * Makes LiveKit access tokens for participants that are here already (`SignalResponse.refreshToken`), signed with the
 * node's first key as livekit-server does. The counterpart of verify-token.ts.
 */
export function createTokenMinter(
  { key, secret }: { key: string; secret: string },
  now: () => number = Date.now,
): TokenMinter {
  const bytes = new TextEncoder().encode(secret)
  return async ({ identity, roomConfig, ...claims }, validForS) => {
    const nowS = Math.floor(now() / 1000)
    const payload = { ...claims, ...(roomConfig ? { roomConfig: roomConfig.toJson() } : {}) }
    return await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(key)
      .setSubject(identity)
      .setNotBefore(nowS)
      .setExpirationTime(nowS + validForS)
      .sign(bytes)
  }
}
