/** A portal for integration tests: a migrated database of its own, a media server that only writes down what it is asked. */
import { randomUUID } from 'node:crypto'
import { newId } from '@diemcau/core/ids.ts'
import type { AccountRole } from '@diemcau/core/roles.ts'
import type { TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { hashPassword } from '../accounts/password.ts'
import { readConfig } from '../config.ts'
import { handleJob } from '../jobs/handle-job.ts'
import { runNextJob } from '../jobs/job-queue.ts'
import { createRuntime, type Runtime, setRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { FakeLiveKit } from './fake-livekit.ts'

export const PASSWORD = 'correct horse battery'

export interface TestPortal {
  runtime: Runtime
  livekit: FakeLiveKit
  /** Accounts with halls: official1 sits in `HA_1`, official2 in `HA_2`; `stranger` is invited to nothing. */
  actors: Record<
    'admin' | 'clerk' | 'chair' | 'secretary' | 'operator' | 'official1' | 'official2' | 'stranger',
    Actor
  >
  /** Gives this account its session (again, after it was ended). */
  signIn(actor: keyof TestPortal['actors']): Promise<void>
  /** Runs every job that is due, now and in the next minute. */
  runJobs(): Promise<void>
  close(): Promise<void>
}

const accounts: [keyof TestPortal['actors'], AccountRole, string | null][] = [
  ['admin', 'admin', null],
  ['clerk', 'clerk', null],
  ['chair', 'official', null],
  ['secretary', 'official', null],
  ['operator', 'operator', null],
  ['official1', 'official', 'HA_1'],
  ['official2', 'official', 'HA_2'],
  ['stranger', 'official', null],
]

export async function startPortal(
  postgres: TempPostgres,
  env: Record<string, string> = {},
): Promise<TestPortal> {
  const livekit = await FakeLiveKit.create()
  const runtime = createRuntime(
    readConfig({
      DATABASE_URL: await postgres.createDatabase(),
      LIVEKIT_URL: livekit.url,
      LOG_LEVEL: 'silent',
      ...env,
    }),
  )
  setRuntime(runtime)
  const { db } = runtime
  await db.unit.create({ data: { id: 'UN_1', name: 'UBND tỉnh', kind: 'province' } })
  await db.hall.createMany({
    data: ['HA_1', 'HA_2', 'HA_3'].map((id, order) => ({
      id,
      name: `Hội trường ${order + 1}`,
      unitId: 'UN_1',
      order,
    })),
  })
  const password = await hashPassword(PASSWORD)
  const actors = {} as TestPortal['actors']
  const signIn = async (key: keyof TestPortal['actors']) => {
    const { sessionId, userId } = actors[key]
    const data = { id: sessionId, userId, expiresAt: new Date(Date.now() + 86_400_000) }
    await db.session.upsert({
      where: { id: sessionId },
      create: { ...data, token: randomUUID() },
      update: data,
    })
  }
  for (const [key, role, hallId] of accounts) {
    const userId = `US_${key}`
    const name = `Ông ${key}`
    const email = `${key}@test.local`
    await db.user.create({
      data: {
        id: userId,
        name,
        email,
        role,
        hallId,
        accounts: { create: { id: newId('AC_'), providerId: 'credential', accountId: userId, password } },
      },
    })
    actors[key] = { userId, sessionId: `SE_${key}`, role, name, email }
    await signIn(key)
  }
  return {
    runtime,
    livekit,
    actors,
    signIn,
    async runJobs() {
      await db.job.updateMany({
        where: { status: 'queued', runAt: { lt: new Date(Date.now() + 60_000) } },
        data: { runAt: new Date(0) },
      })
      while (await runNextJob(runtime, handleJob)) {
        // Each turn runs one.
      }
    },
    async close() {
      await db.$disconnect()
      await livekit.close()
    },
  }
}

/** A form as the schedule page would send it: now, one hour, chair and secretary, two halls. */
export function meetingForm(over: Record<string, unknown> = {}) {
  const start = Date.now()
  return {
    title: 'Giao ban',
    kind: 'meeting',
    startsAt: new Date(start).toISOString(),
    endsAt: new Date(start + 3_600_000).toISOString(),
    chairId: 'US_chair',
    secretaryId: 'US_secretary',
    hallIds: ['HA_1', 'HA_2'],
    userIds: [],
    emails: [],
    agenda: '1. Khai mạc',
    description: '',
    guestsAllowed: true,
    watchAllowed: true,
    lobby: true,
    recorded: true,
    ...over,
  }
}

export const device = (): string => randomUUID()
export const origin = { ip: '10.1.1.1', host: 'portal.test:3000', secure: false }

/** Polls until `check` stops throwing; fails with its last error. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 5000): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}
