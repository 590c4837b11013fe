/** What becomes of invitations, against a small mail server that takes and refuses as the test says. */
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { resendInvitations } from '../mail/resend-invitations.ts'
import { getMeeting } from '../meetings/get-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { listHalls } from '../organisation/list-halls.ts'
import { saveHall } from '../organisation/save-hall.ts'
import { meetingForm, startPortal, type TestPortal } from './portal.ts'

/** RFC 5321, as much as one message needs. */
class MailServer {
  readonly taken: { to: string; data: string }[] = []
  readonly refused = new Set<string>()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer(socket => this.#serve(socket))

  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    return `smtp://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    socket.setEncoding('utf8')
    const answer = (line: string) => socket.write(`${line}\r\n`)
    let waiting = ''
    let to = ''
    let isData = false
    answer('220 test')
    socket.on('data', chunk => {
      waiting += chunk
      for (;;) {
        const end = waiting.indexOf(isData ? '\r\n.\r\n' : '\r\n')
        if (end < 0) return
        const line = waiting.slice(0, end)
        waiting = waiting.slice(end + (isData ? 5 : 2))
        if (isData) {
          this.taken.push({ to, data: line })
          isData = false
          answer('250 taken')
        } else if (/^RCPT/i.test(line)) {
          to = /<(.+?)>/.exec(line)?.[1] ?? ''
          answer(this.refused.has(to) ? '550 no such box' : '250 ok')
        } else if (/^DATA/i.test(line)) {
          isData = true
          answer('354 go on')
        } else if (/^QUIT/i.test(line)) {
          answer('221 bye')
          socket.end()
        } else answer('250 ok')
      }
    })
  }
}

let postgres: TempPostgres
let portal: TestPortal
const mailServer = new MailServer()
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres, {
    SMTP_URL: await mailServer.listen(),
    SUPPORT_PHONE: '0208 3855 555',
  })
})
afterAll(async () => {
  await portal?.close()
  await mailServer.close()
  await postgres?.stop()
})

const future = { startsAt: '2031-05-05T02:00:00.000Z', endsAt: '2031-05-05T04:00:00.000Z' }
async function schedule(over: Record<string, unknown> = {}): Promise<string> {
  const result = await scheduleMeeting(portal.actors.clerk, meetingForm({ ...future, ...over }))
  if (!result.ok) throw new Error(JSON.stringify(result))
  return result.id
}
const statesOf = async (id: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await getMeeting(portal.actors.clerk, id)).invitees.map(i => [i.email.split('@')[0], i.state]),
  )

describe('an invitation', () => {
  it('is said to be sent only when the mail server has taken it, and can be sent again', async () => {
    mailServer.refused.add('khach@x.vn')
    const id = await schedule({ hallIds: ['HA_1'], emails: ['khach@x.vn'] })
    expect(new Set(Object.values(await statesOf(id)))).toEqual(new Set(['waiting']))
    await portal.runJobs()
    expect(await statesOf(id)).toEqual({
      chair: 'sent',
      secretary: 'sent',
      official1: 'sent',
      khach: 'failed',
    })
    const { invitees } = await getMeeting(portal.actors.clerk, id)
    const guest = invitees.find(i => i.email === 'khach@x.vn')!
    expect(guest.sentAt).toBeNull()
    mailServer.refused.clear()
    const before = mailServer.taken.length
    // All that have not left: only the refused one, and not while its mail is under way.
    await resendInvitations(portal.actors.clerk, id, null)
    expect((await statesOf(id)).khach).toBe('waiting')
    await resendInvitations(portal.actors.clerk, id, guest.id)
    await portal.runJobs()
    expect(await statesOf(id)).toMatchObject({ khach: 'sent' })
    const again = mailServer.taken.slice(before).map(one => one.to)
    // The refused mail itself is tried again as well; nobody else is bothered.
    expect(new Set(again)).toEqual(new Set(['khach@x.vn']))
    await resendInvitations(portal.actors.clerk, id, invitees.find(i => i.userId === 'US_chair')!.id)
    await portal.runJobs()
    expect(mailServer.taken.at(-1)?.to).toBe('chair@test.local')
  })

  it('carries the picture of its code as a part of the mail, which mail programs show', async () => {
    const { data } = mailServer.taken.find(one => one.to === 'official1@test.local')!
    expect(data).toMatch(/Content-Type: image\/png/i)
    expect(data).toMatch(/Content-Id: </i)
    expect(data).toMatch(/method=REQUEST/i)
  })

  it('is sent again by nobody who may not invite, and not after the end', async () => {
    const id = await schedule()
    for (const who of ['official1', 'chair'] as const)
      await expect(resendInvitations(portal.actors[who], id, null)).rejects.toMatchObject({
        code: 'forbidden',
      })
    await expect(resendInvitations(portal.actors.clerk, id, 'IN_nobody')).rejects.toMatchObject({
      code: 'not_found',
    })
    await portal.runtime.db.meeting.update({ where: { id }, data: { status: 'ended' } })
    await expect(resendInvitations(portal.actors.clerk, id, null)).rejects.toMatchObject({
      code: 'not_editable',
    })
  })
})

describe('a hall', () => {
  const hall = {
    id: 'HA_3',
    name: 'Nhà văn hoá',
    unitId: 'UN_1',
    address: '',
    order: 2,
    contactName: 'Bà Hạnh',
    contactEmail: ' Nha-Van-Hoa@Xa.vn ',
    contactPhone: '+84 208 385',
  }

  it('without account or contact is known as unreachable, and with a contact it is invited', async () => {
    const without = await schedule({ hallIds: ['HA_1', 'HA_3'] })
    const reach = async (id: string) =>
      (await getMeeting(portal.actors.clerk, id)).endpoints.map(e => [e.hallId, e.isInvited])
    expect(await reach(without)).toEqual([
      ['HA_1', true],
      ['HA_3', false],
    ])
    expect(await saveHall(portal.actors.admin, hall)).toMatchObject({ ok: true })
    const known = (await listHalls(portal.actors.clerk)).find(h => h.id === 'HA_3')
    expect(known).toMatchObject({ contactEmail: 'nha-van-hoa@xa.vn', hasAccount: false })
    const id = await schedule({ hallIds: ['HA_1', 'HA_3'] })
    expect(await reach(id)).toEqual([
      ['HA_1', true],
      ['HA_3', true],
    ])
    const phoneFor = async (who: keyof TestPortal['actors']) =>
      (await getMeeting(portal.actors[who], id)).endpoints[1]!.phone
    expect(await phoneFor('clerk')).toBe('+84 208 385')
    expect(await phoneFor('official1')).toBe('')
  })

  it('tells its contact to those who invite only, and refuses what is no address or number', async () => {
    const [, , seen] = await listHalls(portal.actors.official1)
    expect([seen!.contactEmail, seen!.contactPhone, seen!.contactName]).toEqual(['', '', ''])
    expect(
      await saveHall(portal.actors.admin, { ...hall, contactEmail: 'không phải', contactPhone: 'gọi tôi' }),
    ).toMatchObject({ ok: false, fields: { contactEmail: 'email_wrong', contactPhone: 'phone_wrong' } })
  })
})
