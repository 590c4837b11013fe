import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { handleJob } from '../jobs/handle-job.ts'
import { backoffMs, enqueueJob, JobRunner, runNextJob } from '../jobs/job-queue.ts'
import { getMail } from '../mail/get-mail.ts'
import { resendMail } from '../mail/resend-mail.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { eventually, meetingForm, startPortal, type TestPortal } from './portal.ts'

/** The least of an SMTP server (RFC 5321): takes every mail, or answers 451 while `isBroken`. */
class MailServer {
  readonly mails: string[] = []
  isBroken = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async create(): Promise<MailServer> {
    const server = createServer()
    const mail = new MailServer(server)
    server.on('connection', socket => mail.#serve(socket))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return mail
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    let data: string | null = null
    let rest = ''
    socket.write('220 test\r\n')
    socket.on('data', chunk => {
      rest += chunk.toString('utf8')
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        if (data !== null) {
          if (line !== '.') data += `${line}\n`
          else {
            this.mails.push(data)
            data = null
            socket.write('250 taken\r\n')
          }
          continue
        }
        if (/^EHLO|^HELO/.test(line)) socket.write('250 test\r\n')
        else if (this.isBroken && line.startsWith('MAIL')) socket.write('451 later\r\n')
        else if (line === 'DATA') {
          data = ''
          socket.write('354 go on\r\n')
        } else if (line === 'QUIT') socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  }
}

let postgres: TempPostgres
let portal: TestPortal
let mailServer: MailServer
beforeAll(async () => {
  postgres = await startTempPostgres()
  mailServer = await MailServer.create()
  portal = await startPortal(postgres, { SMTP_URL: mailServer.url })
})
afterAll(async () => {
  await portal?.close()
  await mailServer?.close()
  await postgres?.stop()
})
beforeEach(() => portal.runtime.db.job.deleteMany())

describe('jobs', () => {
  it('send invitations by SMTP with the calendar entry, after the server has come back', async () => {
    const { db } = portal.runtime
    mailServer.isBroken = true
    const form = meetingForm({ title: 'Họp gửi thư', hallIds: [], secretaryId: null })
    const meeting = await scheduleMeeting(portal.actors.clerk, form)
    if (!meeting.ok) throw new Error('not scheduled')
    await runNextJob(portal.runtime, handleJob)
    const failed = await db.mail.findFirstOrThrow({ where: { meetingId: meeting.id } })
    expect(failed).toMatchObject({ status: 'failed', toAddress: 'chair@test.local' })
    expect(failed.error).toContain('451')
    const [job] = await db.job.findMany()
    expect(job).toMatchObject({ status: 'queued', attempts: 1 })
    expect(job!.runAt.getTime()).toBeGreaterThan(Date.now() - 1000)

    // The page says why, in a closed set of reasons, and offers to try again: at once, by the job that waits already.
    const view = await getMail(portal.actors.clerk, failed.id)
    expect(view.failure).toMatchObject({ reason: expect.stringMatching(/refused|recipient|unknown/) })
    expect(view.failure?.detail).toContain('451')
    await expect(resendMail(portal.actors.official1, failed.id)).rejects.toThrow()
    expect(await resendMail(portal.actors.clerk, failed.id)).toBe(1)
    expect(await db.job.findMany()).toMatchObject([{ status: 'queued', attempts: 0 }])
    expect(await db.mail.findFirst({ where: { id: failed.id } })).toMatchObject({
      status: 'pending',
      error: null,
    })
    await runNextJob(portal.runtime, handleJob)
    expect(await resendMail(portal.actors.clerk, null)).toBe(1)

    mailServer.isBroken = false
    await portal.runJobs()
    expect(await db.mail.findFirst({ where: { meetingId: meeting.id } })).toMatchObject({
      status: 'sent',
      error: null,
    })
    expect((await db.invitation.findFirstOrThrow({ where: { meetingId: meeting.id } })).sentAt).not.toBeNull()
    expect(mailServer.mails).toHaveLength(1)
    expect(mailServer.mails[0]).toMatch(/text\/calendar; charset=utf-8; method=REQUEST/i)
    await portal.runJobs()
    expect(mailServer.mails).toHaveLength(1)
  })

  it('are taken by one worker each, and again when their worker died', async () => {
    const { db } = portal.runtime
    for (let i = 0; i < 10; i++)
      await enqueueJob(db, { kind: 'remove_participant', meetingId: 'MT_x', identity: `user:${i}` })
    const done: string[] = []
    const work = async () => {
      while (await runNextJob(portal.runtime, async (_r, job) => void done.push(JSON.stringify(job)))) {
        // Each turn takes one.
      }
    }
    await Promise.all([work(), work(), work()])
    expect(done).toHaveLength(10)
    expect(new Set(done).size).toBe(10)

    await enqueueJob(db, { kind: 'close_room', meetingId: 'MT_dead' })
    await db.job.updateMany({
      where: { status: 'queued' },
      data: { lockedUntil: new Date(Date.now() + 60_000) },
    })
    expect(await runNextJob(portal.runtime, handleJob)).toBe(false)
    await db.job.updateMany({ where: { status: 'queued' }, data: { lockedUntil: new Date(Date.now() - 1) } })
    expect(await runNextJob(portal.runtime, handleJob)).toBe(true)
  })

  it('of the media side do not wait behind mails', async () => {
    const { db } = portal.runtime
    await enqueueJob(db, { kind: 'send_mail', mailId: 'ML_1' }, new Date(0))
    await enqueueJob(db, { kind: 'close_room', meetingId: 'MT_1' })
    const done: string[] = []
    const note = async (_r: unknown, job: { kind: string }) => void done.push(job.kind)
    expect(await runNextJob(portal.runtime, note, 'others')).toBe(true)
    expect(await runNextJob(portal.runtime, note, 'others')).toBe(false)
    expect(done).toEqual(['close_room'])
    expect(await runNextJob(portal.runtime, note, 'mails')).toBe(true)
    expect(await runNextJob(portal.runtime, note, 'mails')).toBe(false)
    expect(done).toEqual(['close_room', 'send_mail'])
  })

  it('are given up with a note after many tries, with growing pauses', async () => {
    expect([1, 2, 3, 20].map(backoffMs)).toEqual([1000, 2000, 4000, 300_000])
    const { db } = portal.runtime
    await enqueueJob(db, { kind: 'close_room', meetingId: 'MT_x' })
    for (let i = 0; i < 12; i++) {
      await db.job.updateMany({ where: { status: 'queued' }, data: { runAt: new Date(0) } })
      await runNextJob(portal.runtime, async () => {
        throw new Error('never works')
      })
    }
    expect(await db.job.findMany()).toMatchObject([
      { status: 'failed', attempts: 12, lastError: 'never works' },
    ])
  })

  it('are tried for as long as it takes when a recording is to be deleted', async () => {
    const { db } = portal.runtime
    await enqueueJob(db, { kind: 'delete_recording_file', location: 'http://x/', meetingId: 'MT_x' })
    await db.job.updateMany({ data: { attempts: 500 } })
    await runNextJob(portal.runtime, async () => {
      throw new Error('the recorder is away')
    })
    const [job] = await db.job.findMany()
    expect(job).toMatchObject({ status: 'queued', attempts: 501, lastError: 'the recorder is away' })
    expect(job!.runAt.getTime()).toBeLessThanOrEqual(Date.now() + 300_000)
  })

  it('are run when the runner is woken, and no more after it is closed', async () => {
    const done: string[] = []
    const runner = new JobRunner(portal.runtime, async (_r, job) => void done.push(job.kind))
    await enqueueJob(portal.runtime.db, { kind: 'close_room', meetingId: 'MT_1' })
    runner.wake()
    await eventually(() => expect(done).toEqual(['close_room']))
    await runner.close()
    await runner.close()
    await enqueueJob(portal.runtime.db, { kind: 'close_room', meetingId: 'MT_2' })
    runner.wake()
    expect(await portal.runtime.db.job.count({ where: { status: 'queued' } })).toBe(1)
  })
})
