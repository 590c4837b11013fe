/** The short JWT a browser shows to the floor's socket. It says who they are in one meeting, nothing about media. */
import { meetingRole } from '@diemcau/core/contracts/roles.ts'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'

const claims = z.object({
  kind: z.enum(['floor', 'lobby']),
  meetingId: z.string(),
  identity: z.string(),
  name: z.string(),
  role: meetingRole,
  userId: z.string().nullable(),
  /** The portal session it was given to; the ticket dies with it. */
  sessionId: z.string().nullable(),
})
export type Ticket = z.infer<typeof claims>

const AUDIENCE = 'diemcau-floor'
const LIFETIME = '12h'
const keyOf = (secret: string): Uint8Array => new TextEncoder().encode(secret)

export async function signTicket(ticket: Ticket, secret: string): Promise<string> {
  return await new SignJWT({ ...ticket })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(LIFETIME)
    .sign(keyOf(secret))
}

/** Rejects when the ticket is not ours, altered or too old. */
export async function verifyTicket(token: string, secret: string): Promise<Ticket> {
  const { payload } = await jwtVerify(token, keyOf(secret), { audience: AUDIENCE, algorithms: ['HS256'] })
  return claims.parse(payload)
}
