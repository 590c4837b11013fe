import { cookies, headers } from 'next/headers'
import { authenticate, type SignInResult } from './authenticate.ts'

export type SignInAnswer = { ok: true } | Exclude<SignInResult, { ok: true }>

/** For a server action: the session cookie is set on its answer. */
export async function signIn(credentials: { email: string; password: string }): Promise<SignInAnswer> {
  const request = await headers()
  const result = await authenticate(credentials, {
    ip: request.get('x-real-ip') ?? '',
    userAgent: request.get('user-agent') ?? '',
  })
  if (!result.ok) return result
  await copyCookies(result.setCookies)
  return { ok: true }
}

/** From `Set-Cookie` lines (RFC 6265 §4.1) to the cookies of the answer under way. */
export async function copyCookies(lines: string[]): Promise<void> {
  const jar = await cookies()
  for (const line of lines) {
    const [pair = '', ...parts] = line.split(/;\s*/)
    const split = pair.indexOf('=')
    const attributes = new Map(
      parts.map(part => {
        const [name = '', value = ''] = part.split('=')
        return [name.toLowerCase(), value]
      }),
    )
    const maxAge = attributes.get('max-age')
    jar.set({
      name: pair.slice(0, split),
      // The jar encodes it again.
      value: decodeURIComponent(pair.slice(split + 1)),
      path: attributes.get('path') || '/',
      httpOnly: attributes.has('httponly'),
      secure: attributes.has('secure'),
      sameSite: 'lax',
      ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    })
  }
}
