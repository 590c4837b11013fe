import type { ApiKey } from '../livekit/access-token.ts'
import { DEVELOPMENT_KEY, DEVELOPMENT_SECRET, isDevelopmentKey, secretFault } from './secret-rule.ts'

/**
 * The key pairs a process takes tokens of: `LIVEKIT_API_KEY` with `LIVEKIT_API_SECRET`, which it also signs with, and
 * those of `LIVEKIT_EXTRA_KEYS` (`key:secret, key:secret`), so that a pair can be replaced without a moment in which
 * tokens are refused. The same setting in every process that checks tokens. Faults name the setting, never a secret.
 */
export function readApiKeys(
  given: Record<string, string | undefined>,
  place: { NODE_ENV: string; bind: string },
): { keys: [ApiKey, ...ApiKey[]]; faults: string[] } {
  const keys: [ApiKey, ...ApiKey[]] = [
    {
      key: given.LIVEKIT_API_KEY || DEVELOPMENT_KEY,
      secret: given.LIVEKIT_API_SECRET || DEVELOPMENT_SECRET,
    },
  ]
  const faults: string[] = []
  for (const pair of (given.LIVEKIT_EXTRA_KEYS ?? '').split(',')) {
    if (pair.trim() === '') continue
    const [key = '', secret = '', ...rest] = pair.split(':').map(part => part.trim())
    if (key === '' || secret === '' || rest.length > 0)
      faults.push('LIVEKIT_EXTRA_KEYS: expected key:secret pairs separated by commas')
    else if (keys.some(known => known.key === key)) faults.push('LIVEKIT_EXTRA_KEYS: one key is given twice')
    else keys.push({ key, secret })
  }
  for (const [index, { key, secret }] of keys.entries()) {
    if (isDevelopmentKey(key, place))
      faults.push(
        `${index === 0 ? 'LIVEKIT_API_KEY' : 'LIVEKIT_EXTRA_KEYS'}: the development key is refused here; its secret is known to everybody`,
      )
    const fault = secretFault(secret, place)
    if (fault !== null)
      faults.push(
        index === 0
          ? `LIVEKIT_API_SECRET: ${fault}`
          : `LIVEKIT_EXTRA_KEYS: the secret of pair ${index} ${fault}`,
      )
  }
  return { keys, faults }
}
