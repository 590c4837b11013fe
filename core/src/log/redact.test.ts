import { describe, expect, it } from 'vitest'
import { createRedactor, redactingHooks, secretValues } from './redact.ts'

const SECRET = 'mật#khẩu"9/8'

describe('secretValues', () => {
  it('finds secrets by name, passwords in addresses and secrets of key pairs', () => {
    const values = secretValues({
      LIVEKIT_API_SECRET: 'a-secret-of-the-server',
      LIVEKIT_EXTRA_KEYS: 'one:extra-secret-1, two:extra-secret-2',
      SMTP_URL: 'smtp://user:p%23ssword@mail:587',
      DATABASE_URL: `postgresql://user:${SECRET}@host/db`,
      PUBLIC_URL: 'https://portal.example.vn',
      AUTH_SECRET: undefined,
    })
    expect(values).toEqual(
      expect.arrayContaining([
        'a-secret-of-the-server',
        'extra-secret-1',
        'extra-secret-2',
        'p#ssword',
        SECRET,
      ]),
    )
    expect(values.join(' ')).not.toContain('portal.example.vn')
  })
  it('takes no development value for a secret: the word would vanish from every line', () => {
    expect(secretValues({ LIVEKIT_API_SECRET: 'secret' })).toEqual([])
  })
})

describe('createRedactor', () => {
  const redact = createRedactor([SECRET])
  it('hides a secret as it is, in JSON, in an address and in base64', () => {
    const line = JSON.stringify({
      message: `no answer from smtp://u:${encodeURIComponent(SECRET)}@h: ${SECRET}`,
    })
    const encoded = Buffer.from(SECRET).toString('base64')
    const clean = redact(`${line} ${SECRET} AUTH ${encoded}`)
    for (const form of [SECRET, JSON.stringify(SECRET).slice(1, -1), encodeURIComponent(SECRET), encoded])
      expect(clean).not.toContain(form)
    expect(clean).toContain('no answer from smtp://')
  })
  it.each([
    ['cannot reach smtp://user:un#known/pa55@mail:25', 'pa55'],
    ['cannot reach postgresql://u:p@ss-pa55@db/x', 'pa55'],
    ['authorization: Bearer abcdefgh.pa55', 'pa55'],
    ['GET /rtc?access_token=pa55&x=1', 'pa55'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl expired', 'c2lnbmF0dXJl'],
  ])('hides what looks like a credential: %s', (line, secret) => {
    expect(createRedactor([])(line)).not.toContain(secret)
  })
  it('leaves other text alone', () => {
    const line = '{"level":30,"url":"https://portal.example.vn/m/abc","to":"a@b.vn","msg":"secret meeting"}'
    expect(createRedactor(['something-else'])(line)).toBe(line)
  })
  it('is the hook of a logger', () => {
    expect(redactingHooks([SECRET]).streamWrite(`x ${SECRET}`)).toBe('x [hidden]')
  })
})
