import { AppError } from '@diemcau/core/errors.ts'
import { tokenOf } from '@diemcau/core/livekit/access-token.ts'
import { SignJWT } from 'jose'
import { AccessToken, TrackSource } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { assertMayJoin, createTokenVerifier } from './verify-token.ts'

const KEYS = [
  { key: 'first', secret: 'secret-one' },
  { key: 'second', secret: 'secret-two' },
]
const verify = createTokenVerifier(KEYS)
/** Asked anew each time: a token that was signed against the time of the file's start could be late by then. */
const nowS = () => Math.floor(Date.now() / 1000)

const sign = (
  payload: object,
  options: { key?: string; secret?: string; alg?: string; exp?: number | null; nbf?: number } = {},
) => {
  const jwt = new SignJWT({ ...payload })
    .setProtectedHeader({ alg: options.alg ?? 'HS256' })
    .setIssuer(options.key ?? 'first')
  if (options.exp !== null) jwt.setExpirationTime(options.exp ?? nowS() + 60)
  if (options.nbf !== undefined) jwt.setNotBefore(options.nbf)
  return jwt.sign(new TextEncoder().encode(options.secret ?? 'secret-one'))
}
const refusalOf = async (token: string): Promise<string> => {
  const error: unknown = await verify(token).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(AppError)
  expect((error as AppError).code).toBe('unauthenticated')
  return (error as AppError).message
}

describe('access token', () => {
  it('of the stock server SDK is read in full', async () => {
    const token = new AccessToken('second', 'secret-two', {
      identity: 'hall-7',
      name: 'Xã Phú Đình – UBND',
      metadata: '{"a":1}',
      attributes: { role: 'delegate' },
    })
    token.addGrant({
      roomJoin: true,
      room: 'MT_1',
      canPublish: true,
      hidden: false,
      canPublishSources: [TrackSource.CAMERA],
    })
    expect(await verify(await token.toJwt())).toMatchObject({
      identity: 'hall-7',
      name: 'Xã Phú Đình – UBND',
      metadata: '{"a":1}',
      attributes: { role: 'delegate' },
      kind: '',
      kindDetails: [],
      video: { roomJoin: true, room: 'MT_1', canPublish: true, hidden: false, canPublishSources: ['camera'] },
    })
  })

  it('may write null for what is not given, as server SDKs in Rust and Ruby do', async () => {
    const video = { roomJoin: true, room: 'MT_1', canPublish: null, canPublishSources: null, hidden: null }
    const rest = { name: null, metadata: null, attributes: null, kind: null, kindDetails: null }
    const token = await sign({ sub: 'an', video, ...rest, roomConfig: null, sha256: null })
    expect(await verify(token)).toMatchObject({
      identity: 'an',
      name: '',
      metadata: '',
      attributes: {},
      video: { roomJoin: true, room: 'MT_1' },
    })
    const configured = await verify(
      await sign({ sub: 'an', video, roomConfig: { metadata: 'x', agents: null } }),
    )
    expect(configured.roomConfig?.metadata).toBe('x')
    // Tokens for the API name nobody, and some have no grant at all.
    expect(await verify(await sign({ sub: null, video: null }))).toMatchObject({ identity: '', video: {} })
  })

  it('that is absent, no JWT, or of an unknown key is refused with the reason', async () => {
    expect(await refusalOf('')).toContain('no access token')
    expect(await refusalOf('nonsense')).toContain('not a JWT')
    expect(await refusalOf(await sign({}, { key: 'stranger' }))).toContain('API key is unknown')
  })

  it('signed with another secret, even that of another of our keys, is refused', async () => {
    expect(await refusalOf(await sign({}, { secret: 'wrong' }))).toContain('another secret')
    expect(await refusalOf(await sign({}, { key: 'first', secret: 'secret-two' }))).toContain(
      'another secret',
    )
  })

  it('that has expired, is not valid yet, or never expires is refused', async () => {
    expect(await refusalOf(await sign({}, { exp: nowS() - 120 }))).toContain('expired')
    expect(await refusalOf(await sign({}, { nbf: nowS() + 120 }))).toContain('not valid yet')
    expect(await refusalOf(await sign({}, { exp: null }))).toContain('exp')
  })

  it('may be a minute off both ways, as clocks are', async () => {
    // A busy machine may take seconds between signing and reading.
    await expect(verify(await sign({}, { exp: nowS() - 45 }))).resolves.toBeDefined()
    await expect(verify(await sign({}, { nbf: nowS() + 60 }))).resolves.toBeDefined()
    expect(await refusalOf(await sign({}, { exp: nowS() - 61 }))).toContain('expired')
    expect(await refusalOf(await sign({}, { nbf: nowS() + 90 }))).toContain('not valid yet')
  })

  it('names its bearer by jti where it has no sub, as older tokens do', async () => {
    expect(await verify(await sign({ jti: 'hall-7' }))).toMatchObject({ identity: 'hall-7' })
    expect(await verify(await sign({ sub: 'an', jti: 'x' }))).toMatchObject({ identity: 'an' })
    expect(await verify(await sign({ sub: '', jti: 'x' }))).toMatchObject({ identity: 'x' })
  })

  it('with a text that no database can hold is refused, wherever it stands', async () => {
    const nasty = ['a\0', '\ud800', 'x\udc00y']
    for (const text of nasty) {
      for (const payload of [
        { sub: text },
        { jti: text },
        { name: text },
        { metadata: text },
        { attributes: { a: text } },
        { attributes: { [text]: 'a' } },
        { video: { room: text } },
        { video: { destinationRoom: text } },
        { roomConfig: { metadata: text } },
      ])
        expect(await refusalOf(await sign(payload))).toContain('is malformed')
    }
  })

  it('with another algorithm is refused, "none" too', async () => {
    expect(await refusalOf(await sign({}, { alg: 'HS512' }))).toContain('HS256')
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    await refusalOf(`${part({ alg: 'none' })}.${part({ iss: 'first', exp: nowS() + 60 })}.`)
  })

  it('with malformed claims is refused', async () => {
    expect(await refusalOf(await sign({ video: { roomJoin: 'yes' } }))).toContain('video.roomJoin')
    expect(await refusalOf(await sign({ attributes: { a: 1 } }))).toContain('attributes')
  })

  it('is found in the Authorization header and in the query', () => {
    expect(tokenOf({ headers: { authorization: 'Bearer abc' } }, new URLSearchParams())).toBe('abc')
    expect(tokenOf({ headers: {} }, new URLSearchParams('access_token=def'))).toBe('def')
    expect(tokenOf({ headers: { authorization: 'Basic abc' } }, new URLSearchParams())).toBe('')
  })
})

describe('a join', () => {
  const claims = {
    identity: 'a',
    name: '',
    metadata: '',
    attributes: {},
    kind: '',
    kindDetails: [],
    expiresAtS: 0,
    notBeforeS: 0,
    video: { roomJoin: true, room: 'MT_1' },
  }

  it('needs roomJoin, a room and an identity', () => {
    expect(() => assertMayJoin(claims, null)).not.toThrow()
    expect(() => assertMayJoin({ ...claims, video: { room: 'MT_1' } }, null)).toThrow('roomJoin')
    expect(() => assertMayJoin({ ...claims, video: { roomJoin: true } }, null)).toThrow('names no room')
    expect(() => assertMayJoin({ ...claims, identity: '' }, null)).toThrow('identity')
  })

  it('of another room than the token names is refused', () => {
    expect(() => assertMayJoin(claims, 'MT_1')).not.toThrow()
    expect(() => assertMayJoin(claims, 'MT_2')).toThrow('another room')
  })
})
