import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPrisma } from '../src/client.ts'
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
    expect(await applyMigrations(url)).toEqual([])
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
