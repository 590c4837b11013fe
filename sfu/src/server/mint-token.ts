import { type ApiKey, mintAccessToken } from '@diemcau/core/livekit/access-token.ts'
import type { TokenMinter } from '../room/base/claims.ts'

/**
 * Makes LiveKit access tokens for participants that are here already (`SignalResponse.refreshToken`), signed with the
 * node's first key as livekit-server does. The counterpart of verify-token.ts.
 */
export function createTokenMinter(key: ApiKey, now?: () => number): TokenMinter {
  return async ({ roomConfig, ...claims }, validForS) => {
    const config = roomConfig?.toJson() as Record<string, never> | undefined
    return await mintAccessToken(
      key,
      { ...claims, ...(config ? { roomConfig: config } : {}) },
      validForS,
      now,
    )
  }
}
