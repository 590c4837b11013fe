import { networkOf } from '@diemcau/core/net/network-of.ts'
import { MAX_PASSWORD } from '@diemcau/core/password-rule.ts'
import { cleanLine, cut } from '@diemcau/core/text/clean-text.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { audit } from '../audit.ts'
import { getRuntime } from '../runtime.ts'
import { type AttemptLimit, clearAttempts, takeAttempt } from './attempts.ts'
import { getAuth } from './auth.ts'

export type SignInResult =
  | { ok: true; setCookies: string[] }
  | { ok: false; code: 'wrong_credentials' | 'locked_out' | 'disabled'; retryAt?: string }

/** From one address: five tries. From anywhere: thirty, so that nobody locks a colleague out by typing nonsense once. */
const perAddress: AttemptLimit = { max: 5, windowMs: 15 * 60_000, lockMs: 15 * 60_000 }
const perAccount: AttemptLimit = { max: 30, windowMs: 60 * 60_000, lockMs: 15 * 60_000 }
/** From one address to whatever accounts: an office in the morning fits, trying one password on everybody does not. */
const perNetwork: AttemptLimit = { max: 200, windowMs: 15 * 60_000, lockMs: 5 * 60_000 }

/**
 * Checks e-mail and password and opens a session. The answer for an unknown address is that for a wrong password, and
 * unknown addresses are locked like known ones, so that nothing tells which accounts exist.
 */
export async function authenticate(
  credentials: { email: string; password: string },
  origin: { ip: string; userAgent: string },
): Promise<SignInResult> {
  const { db } = getRuntime()
  const email = cut(cleanLine(cut(credentials.email, 1_000)).toLowerCase(), 200)
  const network = networkOf(origin.ip)
  const own = [
    { key: `sign-in:${email}:${network}`, limit: perAddress },
    { key: `sign-in:${email}`, limit: perAccount },
  ]
  for (const { key, limit } of [{ key: `sign-in-from:${network}`, limit: perNetwork }, ...own]) {
    const lock = await takeAttempt(db, key, limit)
    if (lock) {
      // Only the beginning of a lock is written down: who is locked out could otherwise fill the audit by knocking.
      if (lock.isNew) await note(db, email, 'account.locked_out', origin.ip)
      return { ok: false, code: 'locked_out', retryAt: lock.until.toISOString() }
    }
  }
  const headers = new Headers({ 'x-real-ip': origin.ip, 'user-agent': origin.userAgent })
  const signedIn = await getAuth()
    .api.signInEmail({
      body: { email, password: cut(credentials.password, MAX_PASSWORD) },
      headers,
      returnHeaders: true,
    })
    .catch((error: unknown) => {
      if (isRefusal(error)) return null
      throw error
    })
  if (!signedIn) {
    await note(db, email, 'account.sign_in_failed', origin.ip)
    return { ok: false, code: 'wrong_credentials' }
  }
  const { user, token } = signedIn.response
  const account = await db.user.findUniqueOrThrow({ where: { id: user.id } })
  if (account.disabledAt) {
    await db.session.deleteMany({ where: { token } })
    await note(db, email, 'account.sign_in_disabled', origin.ip)
    return { ok: false, code: 'disabled' }
  }
  for (const { key } of own) await clearAttempts(db, key)
  await audit(
    db,
    { userId: account.id, name: account.name },
    { action: 'account.signed_in', subject: { type: 'user', id: account.id }, ip: origin.ip },
  )
  return { ok: true, setCookies: signedIn.headers.getSetCookie() }
}

/** better-auth answers wrong credentials with an APIError of status 401 (or 400 for no e-mail address at all). */
const isRefusal = (error: unknown): boolean => {
  const code = (error as { statusCode?: unknown } | null)?.statusCode
  return code === 401 || code === 400
}

/** What is typed into the field of the address may be anything, also the password: only an address is written down. */
const nameOf = (typed: string): string => (/^[^\s@]{1,64}@[\w.-]+$/.test(typed) ? typed : '(no address)')

/** Tries are bounded by the limits above, so that unknown accounts may be written down as well. */
async function note(tx: Tx, email: string, action: string, ip: string): Promise<void> {
  const user = await tx.user.findUnique({ where: { email } })
  const by = { userId: null, name: nameOf(email) }
  await audit(tx, by, { action, subject: { type: 'user', id: user?.id ?? '' }, result: 'refused', ip })
}
