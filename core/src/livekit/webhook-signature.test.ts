import { AccessToken, WebhookReceiver } from 'livekit-server-sdk'
import { expect, it } from 'vitest'
import { mintAccessToken } from './access-token.ts'
import { signWebhook, verifyWebhook } from './webhook-signature.ts'

const KEY = { key: 'devkey', secret: 'a-secret-of-a-test-that-is-long-enough' }
const OTHER = { key: 'other', secret: 'another-secret-of-a-test-long-enough' }

it('is what the stock receiver takes, and takes what the stock SDK signs', async () => {
  const body = '{"event":"room_started","id":"EV_1"}'
  const ours = await signWebhook(body, KEY)
  expect(await new WebhookReceiver(KEY.key, KEY.secret).receive(body, ours)).toMatchObject({ id: 'EV_1' })
  await expect(verifyWebhook(body, ours, [OTHER, KEY])).resolves.toBeUndefined()
  const theirs = new AccessToken(KEY.key, KEY.secret, { ttl: 300 })
  theirs.sha256 = (await import('node:crypto')).createHash('sha256').update(body).digest('base64')
  await expect(verifyWebhook(body, `Bearer ${await theirs.toJwt()}`, [KEY])).resolves.toBeUndefined()
})

it('holds for this body and these keys only', async () => {
  const signed = await signWebhook('{}', KEY)
  const refusal = { code: 'invalid_signature' }
  await expect(verifyWebhook('{ }', signed, [KEY])).rejects.toMatchObject(refusal)
  await expect(verifyWebhook('{}', signed, [OTHER])).rejects.toMatchObject(refusal)
  await expect(verifyWebhook('{}', null, [KEY])).rejects.toMatchObject(refusal)
  await expect(verifyWebhook('{}', 'nonsense', [KEY])).rejects.toMatchObject(refusal)
  // A join token of the same key signs no body.
  await expect(
    verifyWebhook('', await mintAccessToken(KEY, { identity: 'an' }, 60), [KEY]),
  ).rejects.toMatchObject(refusal)
})
