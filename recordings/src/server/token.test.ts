import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { assertMayRecord } from './token.ts'

const KEY = { key: 'key', secret: 'a-secret-of-a-test-that-is-long-enough' }
const KEYS = [KEY]
const sign = (payload: object) =>
  new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(KEY.key)
    .setExpirationTime('60s')
    .sign(new TextEncoder().encode(KEY.secret))

describe('a token for recordings', () => {
  it('is for the room it names, or for all', async () => {
    expect(await assertMayRecord(await sign({ video: { roomRecord: true, room: 'MT_1' } }), KEYS)).toBe(
      'MT_1',
    )
    expect(await assertMayRecord(await sign({ video: { roomRecord: true } }), KEYS)).toBeUndefined()
  })

  it('may write null for what is not given, as server SDKs in Rust and Ruby do', async () => {
    const rest = { sub: null, name: null, metadata: null, attributes: null, roomConfig: null }
    const video = { roomRecord: true, room: null, roomJoin: null, canPublishSources: null }
    expect(await assertMayRecord(await sign({ ...rest, video }), KEYS)).toBeUndefined()
  })

  it('without the grant is refused, however that is written', async () => {
    for (const video of [undefined, null, {}, { roomRecord: null }, { roomRecord: false }])
      await expect(assertMayRecord(await sign({ video }), KEYS)).rejects.toMatchObject({
        code: 'permission_denied',
      })
  })

  it('that is absent or of another key is refused', async () => {
    const token = await sign({ video: { roomRecord: true } })
    await expect(assertMayRecord('', KEYS)).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(assertMayRecord(token, [{ ...KEY, key: 'other' }])).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })
})
