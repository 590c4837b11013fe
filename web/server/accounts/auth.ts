/**
 * better-auth keeps sessions and cookies; lockout and roles are ours. Its own sign-in and sign-up paths are closed to
 * HTTP: people sign in by the server action, which counts attempts (sign-in.ts).
 */
import { MIN_PASSWORD } from '@diemcau/core/password-rule.ts'
import { betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { getRuntime, type Runtime } from '../runtime.ts'
import { hashPassword, verifyPassword } from './password.ts'

const SESSION_S = 7 * 86_400

export function createAuth({ config, db }: Runtime) {
  const isHttps = config.publicUrl.startsWith('https:')
  return betterAuth({
    baseURL: config.publicUrl,
    basePath: '/api/auth',
    secret: config.authSecret,
    database: prismaAdapter(db, { provider: 'postgresql' }),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(hash, password) },
    },
    user: {
      additionalFields: {
        role: { type: 'string', input: false, required: true },
        disabledAt: { type: 'date', input: false, required: false },
      },
    },
    session: { expiresIn: SESSION_S, updateAge: 86_400, cookieCache: { enabled: false } },
    disabledPaths: ['/sign-in/email', '/sign-up/email', '/update-user', '/change-email', '/change-password'],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    advanced: {
      // `__Host-` (RFC 6265bis §4.1.3.2): no other host below our domain can put its own cookie in the place of ours.
      cookiePrefix: isHttps ? '__Host-diemcau' : 'diemcau',
      useSecureCookies: false,
      defaultCookieAttributes: { secure: isHttps, path: '/' },
      ipAddress: { ipAddressHeaders: ['x-real-ip'] },
    },
    logger: { disabled: true },
  })
}
export type Auth = ReturnType<typeof createAuth>

const instances = new WeakMap<Runtime, Auth>()

export function getAuth(): Auth {
  const runtime = getRuntime()
  const auth = instances.get(runtime) ?? createAuth(runtime)
  instances.set(runtime, auth)
  return auth
}
