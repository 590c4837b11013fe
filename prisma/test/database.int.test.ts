import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hash, verify } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { APPEND_ONLY, ownsTables } from '../src/app-role.ts'
import { createPrisma } from '../src/client.ts'
import { findDemoFaults } from '../src/demo-accounts.ts'
import { applyMigrations, diffMigrations } from '../src/migrate.ts'
import { startTempPostgres, type TempPostgres } from './temp-postgres.ts'

const run = promisify(execFile)
let postgres: TempPostgres
beforeAll(async () => {
  postgres = await startTempPostgres()
})
afterAll(async () => {
  await postgres?.stop()
})

const seed = (databaseUrl: string, args: string[] = [], env: Record<string, string> = {}, input = '') =>
  spawnSync('node', [join(import.meta.dirname, '../seed/main.ts'), ...args], {
    env: { ...process.env, DATABASE_URL: databaseUrl, NODE_ENV: 'development', ...env },
    encoding: 'utf8',
    input,
  })

describe('the database', () => {
  it('has migrations that lead exactly to the schema', async () => {
    expect(await diffMigrations(postgres.url)).toBeNull()
  })

  it('applies migrations once, also when two processes start together', async () => {
    const url = await postgres.createDatabase()
    expect(await applyMigrations(postgres.asOwner(url))).toEqual([])
    const empty = createPrisma(postgres.url, 1)
    await empty.$executeRawUnsafe('CREATE DATABASE two_starts')
    await empty.$disconnect()
    const fresh = new URL(postgres.url)
    fresh.pathname = '/two_starts'
    const start = () =>
      run('node', [join(import.meta.dirname, '../src/migrate.ts')], {
        env: { ...process.env, DATABASE_URL: fresh.href },
      })
    const said = (await Promise.all([start(), start()])).map(r => r.stdout.split(':')[0]?.trim()).sort()
    expect(said).toEqual(['Applied', 'The database is up to date.'])
    expect(await applyMigrations(fresh.href)).toEqual([])
  })

  it('is filled with the demo as often as one likes, with a meeting open now', async () => {
    const url = await postgres.createDatabase()
    const db = createPrisma(url, 2)
    try {
      const count = async () => [
        await db.user.count(),
        await db.hall.count(),
        await db.meeting.count(),
        await db.invitation.count(),
        await db.presenceEvent.count(),
      ]
      expect(seed(url)).toMatchObject({ status: 0 })
      const first = await count()
      expect(first[0]).toBeGreaterThanOrEqual(10)
      expect(first[1]).toBeGreaterThanOrEqual(24)
      expect(seed(url)).toMatchObject({ status: 0 })
      expect(await count()).toEqual(first)

      // A demo left alone for a day is open again at the next start.
      const yesterday = new Date(Date.now() - 86_400_000)
      await db.meeting.update({
        where: { code: 'demo-hop-ngay' },
        data: { status: 'ended', startsAt: yesterday, endsAt: yesterday, endedAt: yesterday },
      })
      expect(seed(url)).toMatchObject({ status: 0 })
      const open = await db.meeting.findUniqueOrThrow({ where: { code: 'demo-hop-ngay' } })
      expect(open).toMatchObject({
        status: 'scheduled',
        passcode: '123456',
        guestsAllowed: true,
        watchAllowed: true,
      })
      expect(open.startsAt.getTime()).toBeLessThanOrEqual(Date.now())
      expect(open.endsAt.getTime()).toBeGreaterThan(Date.now() + 3_600_000)
    } finally {
      await db.$disconnect()
    }
  })

  it('works as a role that owns nothing and may not change what is append-only', async () => {
    const url = await postgres.createDatabase()
    const db = createPrisma(url, 1)
    try {
      expect(await ownsTables(sql => db.$queryRawUnsafe(sql))).toBe(false)
      const refused = [
        'CREATE TABLE own (id int)',
        'DROP TABLE "audit_entry"',
        'ALTER TABLE "audit_entry" DISABLE TRIGGER ALL',
        'DROP TRIGGER audit_entry_append_only ON "audit_entry"',
        'SELECT * FROM "_prisma_migrations"',
        'CREATE ROLE other',
        ...APPEND_ONLY.flatMap(table => [
          `UPDATE "${table}" SET "at" = now()`,
          `DELETE FROM "${table}"`,
          `TRUNCATE "${table}"`,
        ]),
      ]
      for (const sql of refused)
        await expect(db.$executeRawUnsafe(sql), sql).rejects.toThrow(/permission denied|must be owner/)
      // What the processes do every day goes.
      await db.attemptCounter.create({ data: { key: 'k', windowStart: new Date() } })
      await db.attemptCounter.deleteMany({ where: { key: 'k' } })
    } finally {
      await db.$disconnect()
    }
  })

  it('refuses to change, remove or empty append-only rows also to their owner', async () => {
    const url = postgres.asOwner(await postgres.createDatabase())
    expect(seed(url)).toMatchObject({ status: 0 })
    const db = createPrisma(url, 1)
    try {
      expect(await ownsTables(sql => db.$queryRawUnsafe(sql))).toBe(true)
      const meeting = await db.meeting.findFirstOrThrow({ where: { presence: { some: {} } } })
      await db.auditEntry.create({
        data: { id: 'AU_1', actorName: 'x', action: 'a.b', subjectType: 's', subjectId: '1' },
      })
      await db.floorEventRow.create({
        data: { meetingId: meeting.id, seq: 1, at: new Date(), type: 'x', body: {} },
      })
      for (const table of APPEND_ONLY)
        for (const sql of [
          `UPDATE "${table}" SET "at" = now()`,
          `DELETE FROM "${table}"`,
          `TRUNCATE "${table}"`,
          `TRUNCATE "${table}" CASCADE`,
        ])
          await expect(db.$executeRawUnsafe(sql), sql).rejects.toThrow('append-only')
      // Nor by the way of the meeting they belong to.
      await expect(db.$executeRaw`DELETE FROM "meeting" WHERE "id" = ${meeting.id}`).rejects.toThrow()
      await expect(db.$executeRawUnsafe('TRUNCATE "meeting" CASCADE')).rejects.toThrow('append-only')
      expect(await db.presenceEvent.count()).toBeGreaterThan(0)
    } finally {
      await db.$disconnect()
    }
  })

  it('gives what is left of the demo new secrets when it is opened, and takes it out of use for production', async () => {
    const url = await postgres.createDatabase()
    expect(seed(url)).toMatchObject({ status: 0 })
    const db = createPrisma(url, 1)
    try {
      const [open, production] = [
        { production: false, exposed: true },
        { production: true, exposed: true },
      ]
      expect(await findDemoFaults(db, { production: false, exposed: false })).toEqual([])
      expect((await findDemoFaults(db, open)).join(' ')).toMatch(/admin@demo\.local.*--open.*demo-hop-ngay/)
      await db.session.create({
        data: { id: 'SE_1', token: 't', userId: 'US_demo_chair', expiresAt: new Date(Date.now() + 1e6) },
      })
      // Whoever gave an account a password of his own keeps it.
      const own = await db.account.findFirstOrThrow({ where: { userId: 'US_demo_admin' } })
      await db.account.update({ where: { id: own.id }, data: { password: await hash('his own password') } })

      const fresh = { DEMO_PASSWORD: 'random-demo-password', DEMO_PASSCODE: '908172' }
      expect(seed(url, ['replace-known'], fresh)).toMatchObject({ status: 0 })
      expect(await findDemoFaults(db, open)).toEqual([])
      expect(await db.session.count()).toBe(0)
      const passwordOf = async (userId: string) =>
        (await db.account.findFirstOrThrow({ where: { userId } })).password ?? ''
      expect(await verify(await passwordOf('US_demo_chair'), 'random-demo-password')).toBe(true)
      expect(await verify(await passwordOf('US_demo_admin'), 'his own password')).toBe(true)
      const meeting = await db.meeting.findUniqueOrThrow({ where: { code: 'demo-hop-ngay' } })
      expect(meeting.passcode).toBe('908172')

      const faults = await findDemoFaults(db, production)
      expect(faults.join(' ')).toMatch(/chair@demo\.local.*retire-demo.*demo-hop-ngay.*retire-demo/)
      expect(seed(url, ['retire-demo'], { NODE_ENV: 'production' })).toMatchObject({ status: 0 })
      expect(await findDemoFaults(db, production)).toEqual([])
    } finally {
      await db.$disconnect()
    }
  })

  it('names the setting that cannot be used and nothing of its value', () => {
    for (const name of ['DATABASE_URL', 'MIGRATION_DATABASE_URL']) {
      const { status, stderr, stdout } = seed('postgresql://localhost/x', [], {
        [name]: 'postgresql://user:pa55#word@host/db',
      })
      expect(status).not.toBe(0)
      expect(stderr).toMatch(new RegExp(`^${name}: .*%23`))
      expect(stderr + stdout).not.toContain('pa55')
    }
  })

  it('refuses the demo in production, but makes the first administrator', async () => {
    const url = await postgres.createDatabase()
    const refused = seed(url, [], { NODE_ENV: 'production' })
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain('production')
    const made = seed(
      url,
      ['admin', 'Root@Example.vn', 'Quản trị'],
      { NODE_ENV: 'production' },
      'a long password\n',
    )
    expect(made.status).toBe(0)
    const db = createPrisma(url, 1)
    try {
      expect(await db.user.findMany()).toMatchObject([{ email: 'root@example.vn', role: 'admin' }])
    } finally {
      await db.$disconnect()
    }
  })
})
