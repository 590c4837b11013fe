import { AppError } from '@diemcau/core/errors.ts'
import { describe, expect, it } from 'vitest'
import { isDatabaseAway, whenDatabaseIsBack } from './database-away.ts'

/** As Prisma 7 with its adapter for pg throws it. */
const known = (code: string, cause?: object) =>
  Object.assign(new Error('Database error.'), {
    name: 'PrismaClientKnownRequestError',
    code,
    ...(cause ? { meta: { driverAdapterError: { name: 'DriverAdapterError', cause } } } : {}),
  })
const state = (originalCode: string) => ({ kind: 'postgres', originalCode, severity: 'FATAL' })

describe('the database is away', () => {
  it.each([
    known('P1001', { kind: 'DatabaseNotReachable' }),
    known('P2010', { kind: 'DatabaseNotReachable' }),
    known('P2039', state('57P01')),
    known('P2039', state('57P02')),
    known('P2039', state('57P03')),
    known('P2010', state('57P03')),
    known('P2039', state('08006')),
    known('P2039', state('53300')),
    known('P2024'),
    Object.assign(new Error('terminating connection', { cause: state('57P01') }), {
      name: 'DriverAdapterError',
    }),
    Object.assign(new Error(''), { code: 'ECONNRESET' }),
    Object.assign(new Error(''), { name: 'PrismaClientInitializationError' }),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Connection terminated unexpectedly'),
  ])('when it says %j', error => expect(isDatabaseAway(error)).toBe(true))

  it.each([
    known('P2002'),
    known('P2010', state('42P01')),
    known('P2039', state('23505')),
    known('P2039', state('57014')),
    known('P2025'),
    new AppError('forbidden', ''),
    new TypeError('of null'),
    new Error('the text says Connection terminated'),
    'Connection terminated',
    null,
  ])('not when it says %j', error => expect(isDatabaseAway(error)).toBe(false))
})

describe('work that waits for it', () => {
  /** Fails so often, then answers. */
  const failing = (times: number, error: unknown) => {
    let calls = 0
    return async () => {
      calls += 1
      if (calls <= times) throw error
      return calls
    }
  }
  const soon = () => performance.now() + 60_000

  it('is done again until it is there', async () => {
    expect(await whenDatabaseIsBack(soon(), failing(2, known('P1001')))).toBe(3)
  })
  it('is told at once of every other fault, and of one that comes later', async () => {
    const other = new TypeError('of null')
    await expect(whenDatabaseIsBack(soon(), failing(1, other))).rejects.toBe(other)
    const faults = [known('P1001'), other]
    await expect(
      whenDatabaseIsBack(soon(), async () => {
        throw faults.shift() ?? new Error('asked too often')
      }),
    ).rejects.toBe(other)
  })
  it('is not waited for longer than told, and then says what it is', async () => {
    const away = known('P1001')
    await expect(whenDatabaseIsBack(performance.now(), failing(9, away))).rejects.toMatchObject({
      code: 'unavailable',
      cause: away,
    })
  })
})
