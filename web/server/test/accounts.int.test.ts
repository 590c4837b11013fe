import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { getAuth } from '../accounts/auth.ts'
import { authenticate } from '../accounts/authenticate.ts'
import { changePassword } from '../accounts/change-password.ts'
import { listSessions } from '../accounts/list-sessions.ts'
import { listUsers } from '../accounts/list-users.ts'
import { readSession } from '../accounts/read-session.ts'
import { revokeSessions } from '../accounts/revoke-sessions.ts'
import { saveUser } from '../accounts/save-user.ts'
import { setUserDisabled } from '../accounts/set-user-disabled.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { saveHall } from '../organisation/save-hall.ts'
import { deleteRecording } from '../recordings/delete-recording.ts'
import { listRecordings } from '../recordings/list-recordings.ts'
import { openRecordingFile } from '../recordings/open-recording-file.ts'
import { meetingForm, PASSWORD, startPortal, type TestPortal } from './portal.ts'

let postgres: TempPostgres
let portal: TestPortal
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})

let addresses = 0
const from = () => ({ ip: `10.2.0.${++addresses}`, userAgent: 'test browser' })
async function signIn(email: string, password = PASSWORD, origin = from()) {
  const result = await authenticate({ email, password }, origin)
  if (!result.ok) return { code: result.code, headers: new Headers() }
  const cookie = result.setCookies.map(line => line.split(';')[0]).join('; ')
  return { code: 'ok', headers: new Headers({ cookie }) }
}

describe('signing in', () => {
  it('opens a session that the cookie proves, with role and address', async () => {
    const { code, headers } = await signIn(' Official1@Test.local ')
    expect(code).toBe('ok')
    const session = await readSession(headers)
    expect(session?.actor).toEqual({ ...portal.actors.official1, sessionId: session?.sessionId })
    const [row] = await listSessions(portal.actors.official1, session!.sessionId)
    expect(row).toMatchObject({ current: true, userAgent: 'test browser' })
    expect(row!.ipAddress).toMatch(/^10\.2\.0\./)
    expect(await readSession(new Headers({ cookie: 'diemcau.session_token=forged.x' }))).toBeNull()
  })

  it('locks an address out after five wrong passwords, also for the right one; other addresses go on', async () => {
    const attacker = from()
    for (let i = 0; i < 5; i++)
      expect((await signIn('clerk@test.local', `wrong ${i}`, attacker)).code).toBe('wrong_credentials')
    expect((await signIn('clerk@test.local', PASSWORD, attacker)).code).toBe('locked_out')
    expect((await signIn('clerk@test.local')).code).toBe('ok')
    expect(
      await portal.runtime.db.auditEntry.count({
        where: { subjectId: 'US_clerk', action: 'account.sign_in_failed' },
      }),
    ).toBe(5)
  })

  it('treats unknown addresses exactly like wrong passwords', async () => {
    const attacker = from()
    const codes: string[] = []
    for (let i = 0; i < 6; i++) codes.push((await signIn('nobody@test.local', 'x', attacker)).code)
    expect(codes).toEqual([...Array(5).fill('wrong_credentials'), 'locked_out'])
    expect((await signIn('not an address', 'x')).code).toBe('wrong_credentials')
  })

  it('has no other way in over HTTP', async () => {
    for (const path of ['sign-in/email', 'sign-up/email']) {
      const request = new Request(`http://localhost:3000/api/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://localhost:3000' },
        body: JSON.stringify({ email: 'clerk@test.local', password: PASSWORD, name: 'x' }),
      })
      const response = await getAuth().handler(request)
      expect(response.status).toBe(404)
    }
  })

  it('refuses a disabled account and ends its sessions at once', async () => {
    const { headers } = await signIn('operator@test.local')
    expect(await readSession(headers)).not.toBeNull()
    await setUserDisabled(portal.actors.admin, 'US_operator', true)
    expect(await readSession(headers)).toBeNull()
    expect((await signIn('operator@test.local')).code).toBe('disabled')
    await setUserDisabled(portal.actors.admin, 'US_operator', false)
    expect((await signIn('operator@test.local')).code).toBe('ok')
  })

  it('revokes one session, the others, or all of an account', async () => {
    const { db } = portal.runtime
    await db.session.deleteMany({ where: { userId: 'US_chair' } })
    const [a, b, c] = [
      await signIn('chair@test.local'),
      await signIn('chair@test.local'),
      await signIn('chair@test.local'),
    ]
    const own = await readSession(a.headers)
    const other = await readSession(b.headers)
    expect(await revokeSessions(portal.actors.official1, { sessionId: own!.sessionId })).toBe(0)
    expect(await revokeSessions(portal.actors.chair, { sessionId: other!.sessionId })).toBe(1)
    expect(await readSession(b.headers)).toBeNull()
    expect(await revokeSessions(portal.actors.chair, { othersThan: own!.sessionId })).toBe(1)
    expect(await readSession(c.headers)).toBeNull()
    expect(await readSession(a.headers)).not.toBeNull()
    await expect(revokeSessions(portal.actors.clerk, { userId: 'US_chair' })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await revokeSessions(portal.actors.admin, { userId: 'US_chair' })).toBe(1)
    expect(await readSession(a.headers)).toBeNull()
  })

  it('changes a password only with the old one, and closes the other sessions', async () => {
    const { headers } = await signIn('secretary@test.local')
    const session = await readSession(headers)
    const other = await signIn('secretary@test.local')
    const change = (current: string, next: string) =>
      changePassword(portal.actors.secretary, { current, next }, session!.sessionId)
    expect(await change('wrong', 'new password 1')).toMatchObject({ fields: { current: 'password_wrong' } })
    expect(await change(PASSWORD, 'eleven char')).toMatchObject({ fields: { next: 'password_too_short' } })
    expect(await change(PASSWORD, 'x'.repeat(201))).toMatchObject({ fields: { next: 'too_long' } })
    expect(await change(PASSWORD, 'new password 1')).toMatchObject({ ok: true })
    expect(await readSession(headers)).not.toBeNull()
    expect(await readSession(other.headers)).toBeNull()
    expect((await signIn('secretary@test.local')).code).toBe('wrong_credentials')
    expect((await signIn('secretary@test.local', 'new password 1')).code).toBe('ok')
  })
})

describe('accounts and halls', () => {
  const form = (over: Record<string, unknown> = {}) => ({
    id: null,
    name: 'Người mới',
    email: 'Moi@Test.local',
    role: 'official',
    title: '',
    unitId: 'UN_1',
    hallId: 'HA_3',
    password: 'a long password',
    ...over,
  })

  it('are managed by administrators only', async () => {
    await expect(listUsers(portal.actors.clerk)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(saveUser(portal.actors.clerk, form())).rejects.toMatchObject({ code: 'forbidden' })
    await expect(saveHall(portal.actors.clerk, {})).rejects.toMatchObject({ code: 'forbidden' })
    await expect(setUserDisabled(portal.actors.admin, 'US_admin', true)).rejects.toMatchObject({
      code: 'not_yourself',
    })
  })

  it('make an account that can sign in, and answer faults by field', async () => {
    expect(await saveUser(portal.actors.admin, form())).toMatchObject({ ok: true })
    expect((await signIn('moi@test.local', 'a long password')).code).toBe('ok')
    expect(await saveUser(portal.actors.admin, form())).toMatchObject({ fields: { email: 'email_taken' } })
    expect(await saveUser(portal.actors.admin, form({ email: 'x', name: '' }))).toMatchObject({
      fields: { email: 'invalid', name: 'required' },
    })
    expect(
      await saveUser(portal.actors.admin, form({ email: 'y@test.local', password: null })),
    ).toMatchObject({
      fields: { password: 'password_required' },
    })
    const demoted = form({ id: 'US_admin', email: 'admin@test.local', role: 'clerk', password: null })
    expect(await saveUser(portal.actors.admin, demoted)).toMatchObject({ fields: { role: 'last_admin' } })
  })
})

describe('recordings', () => {
  it('are played by the invited, taken away and deleted only by those who answer for them, with audit rows', async () => {
    const bytes = Buffer.from('0123456789')
    const seen: (string | undefined)[] = []
    const deleted: string[] = []
    const files = createServer((request, response) => {
      seen.push(request.headers.authorization)
      if (request.method === 'DELETE') {
        deleted.push(request.url ?? '')
        response.writeHead(204).end()
        return
      }
      if (request.headers.range === 'bytes=2-4')
        response
          .writeHead(206, { 'content-range': 'bytes 2-4/10', 'content-length': '3' })
          .end(bytes.subarray(2, 5))
      else response.writeHead(200, { 'content-length': '10', 'accept-ranges': 'bytes' }).end(bytes)
    })
    await new Promise<void>(resolve => files.listen(0, '127.0.0.1', resolve))
    try {
      const meeting = await scheduleMeeting(
        portal.actors.clerk,
        meetingForm({ title: 'Họp giao ban', hallIds: ['HA_1'] }),
      )
      if (!meeting.ok) throw new Error('not scheduled')
      const location = `http://127.0.0.1:${(files.address() as AddressInfo).port}/files/EG_7/recording.mp4`
      const { db } = portal.runtime
      await db.recording.create({
        data: {
          id: 'RC_7',
          meetingId: meeting.id,
          requestedById: 'US_chair',
          status: 'ready',
          location,
          sizeBytes: 10n,
        },
      })
      const may = async (who: keyof TestPortal['actors']) =>
        (await listRecordings(portal.actors[who]))[0]?.may
      expect(await may('official1')).toEqual({ play: true, download: false, delete: false })
      expect(await may('chair')).toEqual({ play: true, download: true, delete: false })
      expect(await may('clerk')).toEqual({ play: true, download: true, delete: true })
      expect(await may('official2')).toBeUndefined()

      // Who may watch gets what a player asks for, and never all of it at once.
      await expect(openRecordingFile(portal.actors.official1, 'RC_7', null, false)).rejects.toMatchObject({
        code: 'forbidden',
      })
      const whole = await openRecordingFile(portal.actors.clerk, 'RC_7', null, false)
      expect([whole.status, await whole.text()]).toEqual([200, '0123456789'])
      const part = await openRecordingFile(portal.actors.official1, 'RC_7', 'bytes=2-4', false)
      expect(part.headers.get('content-disposition')).toBe('inline')
      expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
        206,
        'bytes 2-4/10',
        '234',
      ])
      await expect(openRecordingFile(portal.actors.official1, 'RC_7', null, true)).rejects.toMatchObject({
        code: 'forbidden',
      })
      await expect(openRecordingFile(portal.actors.official2, 'RC_7', null, false)).rejects.toMatchObject({
        code: 'not_found',
      })
      const download = await openRecordingFile(portal.actors.chair, 'RC_7', null, true)
      expect(download.headers.get('content-disposition')).toMatch(
        /^attachment; filename="Hop giao ban .*\.mp4"; filename\*=UTF-8''H%E1%BB%8Dp/,
      )
      await download.body?.cancel()
      // Not from its first byte on, by somebody who has not read before: a reading all the same, but only one.
      for (const range of ['bytes=2-4', 'bytes=2-4'])
        await (await openRecordingFile(portal.actors.chair, 'RC_7', range, false)).body?.cancel()
      expect(seen.every(value => value?.startsWith('Bearer '))).toBe(true)

      await expect(deleteRecording(portal.actors.chair, 'RC_7')).rejects.toMatchObject({ code: 'forbidden' })
      await deleteRecording(portal.actors.clerk, 'RC_7')
      await portal.runJobs()
      expect(deleted).toEqual(['/files/EG_7/recording.mp4'])
      expect(await listRecordings(portal.actors.clerk)).toEqual([])
      const audit = await db.auditEntry.findMany({ where: { subjectId: 'RC_7' }, orderBy: [{ at: 'asc' }] })
      expect(audit.map(a => `${a.action} ${a.actorId}`)).toEqual([
        'recording.played US_clerk',
        'recording.played US_official1',
        'recording.downloaded US_chair',
        'recording.played US_chair',
        'recording.deleted US_clerk',
      ])
    } finally {
      files.closeAllConnections()
      files.close()
    }
  })
})
