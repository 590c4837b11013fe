import { randomUUID } from 'node:crypto'
import { AppError } from '@diemcau/core/errors.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { authenticate } from '../accounts/authenticate.ts'
import { auditRefusal } from '../audit.ts'
import { runCommand } from '../floor/run-command.ts'
import { atPlace } from '../http/request-place.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { meetingForm, startPortal, type TestPortal } from './portal.ts'

let postgres: TempPostgres
let portal: TestPortal
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres, { PUBLIC_URL: 'https://hop.example.vn' })
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})

const rows = (where: object) =>
  portal.runtime.db.auditEntry.findMany({ where, orderBy: [{ at: 'asc' }, { id: 'asc' }] })

describe('the audit', () => {
  it('has failed sign-ins with their address, of unknown accounts too, and never what may be a password', async () => {
    const try_ = (email: string) =>
      authenticate({ email, password: 'wrong' }, { ip: '10.7.0.1', userAgent: 'x' })
    await try_('nobody@test.local')
    await try_('clerk@test.local')
    await try_('My-Secret-Password')
    expect(await rows({ action: 'account.sign_in_failed' })).toMatchObject([
      { actorName: 'nobody@test.local', subjectId: '', ip: '10.7.0.1', result: 'refused' },
      { actorName: 'clerk@test.local', subjectId: 'US_clerk', ip: '10.7.0.1', result: 'refused' },
      { actorName: '(no address)', subjectId: '', ip: '10.7.0.1', result: 'refused' },
    ])
  })

  it('has where what was done was asked from', async () => {
    const made = await atPlace('10.7.0.2', '/meetings/new?x=1', () =>
      scheduleMeeting(portal.actors.clerk, meetingForm()),
    )
    expect(made.ok).toBe(true)
    expect(await rows({ ip: '10.7.0.2' })).toMatchObject([{ actorId: 'US_clerk', result: 'done' }])
  })

  it('has who was refused what, without the query, and not for ever from one network', async () => {
    const by = { userId: null, name: '' }
    const refuse = (error: unknown) =>
      atPlace('10.7.0.3', '/api/recordings/RC_1/file?access_token=pa55', () =>
        auditRefusal(portal.runtime, by, error),
      )
    await refuse(new AppError('not_found', 'no such thing'))
    await refuse(new Error('broken'))
    expect(await rows({ ip: '10.7.0.3' })).toEqual([])
    for (let i = 0; i < 100; i++) await refuse(new AppError('forbidden', 'may not download'))
    const written = await rows({ ip: '10.7.0.3' })
    expect(written[0]).toMatchObject({
      action: 'access.refused',
      result: 'refused',
      subjectId: '/api/recordings/RC_1/file',
      detail: { code: 'forbidden', reason: 'may not download' },
    })
    expect(written.length).toBeLessThan(40)
  })

  it('has refused commands of the floor', async () => {
    const { id } = await portal.runtime.db.meeting.findFirstOrThrow()
    const guest = {
      kind: 'floor',
      meetingId: id,
      identity: 'guest:1',
      name: 'Khách',
      role: 'guest',
      userId: null,
    }
    const answer = await atPlace('10.7.0.4', 'floor', () =>
      runCommand(portal.runtime, guest as never, { type: 'lock', commandId: randomUUID(), locked: true }),
    )
    expect(answer.ok).toBe(false)
    expect(await rows({ ip: '10.7.0.4' })).toMatchObject([
      { action: 'access.refused', subjectType: 'meeting', subjectId: id, actorName: 'Khách (guest:1)' },
    ])
  })
})

it('on https the session is a cookie of this host alone', async () => {
  const answer = await authenticate(
    { email: 'official1@test.local', password: 'correct horse battery' },
    { ip: '10.7.0.5', userAgent: 'x' },
  )
  const cookie = answer.ok ? answer.setCookies.find(line => line.includes('session_token')) : undefined
  expect(cookie).toMatch(/^__Host-diemcau\.session_token=/)
  expect(cookie).toMatch(/;\s*Secure/i)
  expect(cookie).toMatch(/;\s*HttpOnly/i)
  expect(cookie).toMatch(/;\s*Path=\/(;|$)/i)
  expect(cookie).not.toMatch(/;\s*Domain/i)
})
