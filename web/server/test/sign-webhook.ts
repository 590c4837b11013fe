import { createHash } from 'node:crypto'
import { AccessToken, WebhookEvent } from 'livekit-server-sdk'

/** A webhook as LiveKit sends it: the body, and a token with the SHA-256 of the body in base64. */
export async function signWebhook(
  event: Record<string, unknown>,
  secret = 'secret',
): Promise<{ body: string; authorization: string }> {
  const body = WebhookEvent.fromJson(event as never).toJsonString()
  const token = new AccessToken('devkey', secret, { ttl: 300 })
  token.sha256 = createHash('sha256').update(body).digest('base64')
  return { body, authorization: await token.toJwt() }
}
