/**
 * The cookie by which a browser that was once confirmed for a hall is known again. It names the device; for which halls it may
 * speak stands in the database, so that a hall can be taken away again.
 */
import { randomUUID } from 'node:crypto'
import type { Tx } from '@diemcau/prisma/client.ts'
import { jwtVerify, SignJWT } from 'jose'
import type { Config } from '../config.ts'

const AUDIENCE = 'diemcau-hall-device'
/** The longest time browsers keep a cookie (RFC 6265bis §5.5). */
const LIFETIME_S = 400 * 86_400

const nameOf = (config: Config): string =>
  config.publicUrl.startsWith('https:') ? '__Host-diemcau-hall' : 'diemcau-hall'
const keyOf = (config: Config): Uint8Array => new TextEncoder().encode(config.authSecret)

/** The device that sends this `Cookie` header; null without a cookie of ours. */
export async function readHallDevice(config: Config, cookieHeader: string | null): Promise<string | null> {
  const start = `${nameOf(config)}=`
  const value = (cookieHeader ?? '')
    .split(/;\s*/)
    .find(pair => pair.startsWith(start))
    ?.slice(start.length)
  if (!value) return null
  const options = { audience: AUDIENCE, algorithms: ['HS256'] }
  const verified = await jwtVerify(value, keyOf(config), options).catch(() => null)
  return verified?.payload.sub ?? null
}

/** Remembers that this device speaks for the hall; returns the `Set-Cookie` line. A device may speak for several. */
export async function rememberHallDevice(
  tx: Tx,
  config: Config,
  device: { id: string | null; hallId: string; confirmedBy: 'code' | 'moderator' },
): Promise<string> {
  const deviceId = device.id ?? randomUUID()
  const key = { deviceId, hallId: device.hallId }
  await tx.hallDevice.upsert({
    where: { deviceId_hallId: key },
    create: { ...key, confirmedBy: device.confirmedBy },
    update: {},
  })
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(deviceId)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME_S}s`)
    .sign(keyOf(config))
  const secure = config.publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${nameOf(config)}=${token}; Path=/; Max-Age=${LIFETIME_S}; HttpOnly; SameSite=Lax${secure}`
}

/** Halls this device may speak for. */
export async function hallsOfDevice(tx: Tx, deviceId: string | null): Promise<Set<string>> {
  if (deviceId === null) return new Set()
  const rows = await tx.hallDevice.findMany({
    where: { deviceId, hall: { validTo: null } },
    select: { hallId: true },
  })
  return new Set(rows.map(row => row.hallId))
}
