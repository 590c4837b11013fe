/** What the demo province leaves behind that strangers know: its accounts, their password, its meetings' passcodes. */
import { hash, verify } from '@node-rs/argon2'
import type { Db } from './client.ts'

export const DEMO_PASSWORD = 'diemcau-demo-2026'
/** Ids are never changed, whatever people make of an account's name and address. */
export const DEMO_ID = 'US_demo_'
export const DEMO_CODE = 'demo-'
/** Passcodes the demo's meetings are made with. */
export const DEMO_PASSCODES = { open: '123456', past: '482915', next: '730164' } as const

const known = Object.values(DEMO_PASSCODES) as string[]

async function knownCredentials(db: Db): Promise<{ id: string; userId: string; email: string }[]> {
  const accounts = await db.account.findMany({
    where: { userId: { startsWith: DEMO_ID }, password: { not: null }, user: { disabledAt: null } },
    select: { id: true, userId: true, password: true, user: { select: { email: true } } },
  })
  const found = []
  for (const { id, userId, password, user } of accounts)
    if (password !== null && (await verify(password, DEMO_PASSWORD)))
      found.push({ id, userId, email: user.email })
  return found
}

const openMeetings = (db: Db) =>
  db.meeting.findMany({
    where: {
      code: { startsWith: DEMO_CODE },
      createdById: { startsWith: DEMO_ID },
      status: { in: ['scheduled', 'live'] },
    },
    select: { id: true, code: true, passcode: true },
  })

/**
 * What of the demo stands in the way of serving people here, one line each with its remedy.
 *
 * @param place `production`: no demo account may be usable at all; `exposed`: none with the password everybody knows
 */
export async function findDemoFaults(
  db: Db,
  place: { production: boolean; exposed: boolean },
): Promise<string[]> {
  if (place.production) {
    const users = await db.user.findMany({
      where: { id: { startsWith: DEMO_ID }, disabledAt: null },
      select: { email: true },
      orderBy: { email: 'asc' },
    })
    const meetings = await openMeetings(db)
    const remedy = 'remove their access with: node prisma/seed/main.ts retire-demo'
    return [
      ...(users.length > 0
        ? [`Demo accounts are enabled (${users.map(user => user.email).join(', ')}): ${remedy}`]
        : []),
      ...(meetings.length > 0
        ? [`Demo meetings can be joined (${meetings.map(one => one.code).join(', ')}): ${remedy}`]
        : []),
    ]
  }
  if (!place.exposed) return []
  const accounts = await knownCredentials(db)
  const meetings = (await openMeetings(db)).filter(one => known.includes(one.passcode))
  const remedy = 'start with npm start -- --open, which gives them random ones'
  return [
    ...(accounts.length > 0
      ? [
          `Demo accounts have the password everybody knows (${accounts.map(one => one.email).join(', ')}): ${remedy}`,
        ]
      : []),
    ...(meetings.length > 0
      ? [
          `Demo meetings have the passcode everybody knows (${meetings.map(one => one.code).join(', ')}): ${remedy}`,
        ]
      : []),
  ]
}

/** Puts new ones where the known password and passcodes still are, and ends the sessions that the old one opened. */
export async function replaceKnownSecrets(
  db: Db,
  fresh: { password: string; passcode: string },
): Promise<void> {
  for (const { id, userId } of await knownCredentials(db)) {
    const password = await hash(fresh.password)
    await db.$transaction([
      db.account.update({ where: { id }, data: { password } }),
      db.session.deleteMany({ where: { userId } }),
    ])
  }
  for (const { id, passcode } of await openMeetings(db))
    if (known.includes(passcode))
      await db.meeting.update({ where: { id }, data: { passcode: fresh.passcode } })
}

/** Disables every demo account, ends its sessions and calls off the demo's meetings; history stays. */
export async function retireDemo(db: Db, now = new Date()): Promise<{ accounts: number; meetings: number }> {
  const userId = { startsWith: DEMO_ID }
  const meetings = await openMeetings(db)
  const [accounts] = await db.$transaction([
    db.user.updateMany({ where: { id: userId, disabledAt: null }, data: { disabledAt: now } }),
    db.session.deleteMany({ where: { userId } }),
    db.meeting.updateMany({
      where: { id: { in: meetings.map(one => one.id) } },
      data: { status: 'cancelled', guestsAllowed: false, watchAllowed: false },
    }),
  ])
  return { accounts: accounts.count, meetings: meetings.length }
}
