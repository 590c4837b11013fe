/** Texts no database can hold, and texts that show nothing or show it elsewhere, at every edge of the portal. */
import { newId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import { authenticate } from '../accounts/authenticate.ts'
import { saveUser } from '../accounts/save-user.ts'
import { exportAttendance } from '../attendance/export-attendance.ts'
import { publicMediaUrl } from '../media/mint-join-token.ts'
import { cancelMeeting } from '../meetings/cancel-meeting.ts'
import { getMeeting } from '../meetings/get-meeting.ts'
import { getPublicMeeting } from '../meetings/get-public-meeting.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { saveHall } from '../organisation/save-hall.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'
import { floorSuite } from './floor-suite.ts'
import { device, meetingForm, origin } from './portal.ts'
import { signWebhook } from './sign-webhook.ts'

const suite = floorSuite()

/** No database can hold these. */
const UNSTORABLE = ['a\0b', '\0', 'x\ud800', '\udfffy']
/** Of these nothing, or something else, would be seen. */
const INVISIBLE = [
  '\u3164\u3164\u3164',
  '\u200b\u200d\ufeff\u2800',
  '\u202e\u2066\u2069',
  '\u0301\u0302\u0303',
]
const TYPED = 'An\0 \u202e\r\nBình\ud800\u200b'

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => null,
    reason => reason,
  )
  return error === null ? 'done' : String((error as { code?: string }).code)
}

describe('forms', () => {
  it('keep what can be seen of a title, and refuse one of nothing', async () => {
    const { portal } = suite
    const made = await scheduleMeeting(
      portal.actors.clerk,
      meetingForm({ title: TYPED, agenda: `1.${TYPED}` }),
    )
    if (!made.ok) throw new Error(JSON.stringify(made))
    expect(await portal.runtime.db.meeting.findUnique({ where: { id: made.id } })).toMatchObject({
      title: 'An Bình',
      agenda: '1.An\nBình',
    })
    for (const title of [...INVISIBLE, ...UNSTORABLE.map(text => text.slice(0, 1))])
      expect(await scheduleMeeting(portal.actors.clerk, meetingForm({ title }))).toMatchObject({ ok: false })
  })

  it('refuse ids and addresses that are none, whatever field', async () => {
    const { portal } = suite
    for (const text of UNSTORABLE) {
      for (const over of [{ chairId: text }, { secretaryId: text }, { hallIds: [text] }, { userIds: [text] }])
        expect(await scheduleMeeting(portal.actors.clerk, meetingForm(over))).toMatchObject({ ok: false })
      const user = {
        id: null,
        name: 'An',
        email: `${text}@b.vn`,
        role: 'official',
        title: '',
        unitId: null,
        hallId: null,
      }
      expect(
        await saveUser(portal.actors.admin, { ...user, password: 'correct horse battery' }),
      ).toMatchObject({ ok: false })
      expect(
        await saveUser(portal.actors.admin, {
          ...user,
          email: 'a@b.vn',
          hallId: text,
          password: 'correct horse battery',
        }),
      ).toMatchObject({ ok: false })
      const hall = {
        id: null,
        name: 'Hội trường',
        unitId: text,
        address: '',
        contactName: '',
        contactEmail: '',
        contactPhone: '',
        order: 1,
      }
      expect(await saveHall(portal.actors.admin, hall)).toMatchObject({ ok: false })
    }
    for (const name of INVISIBLE)
      expect(
        await saveHall(portal.actors.admin, {
          id: null,
          name,
          unitId: 'UN_1',
          address: '',
          contactName: '',
          contactEmail: '',
          contactPhone: '',
          order: 1,
        }),
      ).toMatchObject({
        ok: false,
        fields: { name: 'required' },
      })
  })

  it('keep a reason of any length, cut where a letter ends', async () => {
    const { portal, meeting } = suite
    await portal.runtime.db.meeting.update({ where: { id: meeting.id }, data: { status: 'scheduled' } })
    await cancelMeeting(portal.actors.clerk, meeting.id, `${'a'.repeat(499)}👩${TYPED}`)
    const { cancelledReason } = await portal.runtime.db.meeting.findUniqueOrThrow({
      where: { id: meeting.id },
    })
    expect(cancelledReason).toBe('a'.repeat(499))
  })
})

describe('addresses', () => {
  it('with such a text are nowhere, not a fault', async () => {
    const { portal } = suite
    for (const text of UNSTORABLE) {
      expect(await codeOf(getPublicMeeting(text, null))).toBe('invalid_input')
      expect(
        await codeOf(joinMeeting(text, { as: 'participant', deviceId: device(), name: 'x' }, null, origin)),
      ).toBe('invalid_input')
      expect(await codeOf(getMeeting(portal.actors.clerk, text))).toBe('invalid_input')
      expect(await codeOf(exportAttendance(portal.actors.clerk, text, 'csv', 'vi'))).toBe('invalid_input')
    }
  })

  it('of the media server survive a Host header that is none', () => {
    for (const host of ['', '[', 'a b', '\u0000', ':::', 'x:99999999'])
      expect(publicMediaUrl({ url: 'http://127.0.0.1:7880', publicUrl: null }, { host, secure: false })).toBe(
        'ws://localhost:7880',
      )
  })
})

describe('signing in', () => {
  it('with such an address is wrong, not a fault', async () => {
    for (const text of [...UNSTORABLE, ...INVISIBLE])
      expect(
        await authenticate(
          { email: `${text}@test.local`, password: text },
          { ip: '10.9.9.9', userAgent: 'x' },
        ),
      ).toMatchObject({
        ok: false,
      })
  })
})

describe('the door and the floor', () => {
  it('clean names and units, and know a name of nothing for none', async () => {
    const { portal, meeting } = suite
    const join = (request: object) =>
      joinMeeting(
        meeting.code,
        { as: 'participant', deviceId: device(), passcode: meeting.passcode, ...request },
        null,
        origin,
      )
    expect(await join({ name: TYPED, unit: TYPED })).toMatchObject({ status: 'waiting' })
    expect(
      await portal.runtime.db.lobbyRequestRow.findFirst({ where: { meetingId: meeting.id } }),
    ).toMatchObject({
      name: 'An Bình',
      unit: 'An Bình',
    })
    for (const name of INVISIBLE)
      expect(await join({ name })).toMatchObject({ status: 'refused', reason: 'name_required' })
    for (const text of UNSTORABLE) {
      expect(await codeOf(join({ name: 'x', endpointId: text }))).toBe('invalid_input')
      expect(await join({ name: 'x', passcode: text })).toMatchObject({
        status: 'refused',
        reason: 'wrong_code',
      })
    }
  })

  it('clean what is written and refuse commands about nothing', async () => {
    const chair = await suite.sit(suite.portal.actors.chair)
    expect(await chair.send({ type: 'chat_send', text: `Xin\0 chào\r\n${TYPED}` })).toEqual({ ok: true })
    const row = await suite.portal.runtime.db.floorEventRow.findFirst({
      where: { meetingId: suite.meeting.id },
      orderBy: { seq: 'desc' },
    })
    expect(JSON.stringify(row)).toContain('Xin chào\\nAn\\nBình')
    const refused = { ok: false, code: 'invalid_command' }
    for (const text of INVISIBLE) expect(await chair.send({ type: 'chat_send', text })).toMatchObject(refused)
    // Few enough for the limit of commands.
    for (const text of UNSTORABLE.slice(0, 3)) {
      expect(await chair.send({ type: 'mute', identity: text, source: 'camera' })).toMatchObject(refused)
      expect(await chair.send({ type: 'spotlight', identity: text })).toMatchObject(refused)
      expect(await chair.send({ type: 'lobby_admit', requestId: text })).toMatchObject(refused)
      expect(
        await chair.send({ type: 'question_set_status', questionId: text, status: 'open' }),
      ).toMatchObject(refused)
    }
  })
})

describe('a webhook', () => {
  const event = (participant: Record<string, unknown>, over: Record<string, unknown> = {}) => ({
    id: newId<string>('EV_'),
    event: 'participant_joined',
    createdAt: String(Math.floor(Date.now() / 1000)),
    room: { name: suite.meeting.id, sid: 'RM_1' },
    participant: {
      sid: newId<string>('PA_'),
      identity: 'guest:x',
      name: 'An',
      attributes: { role: 'guest' },
      ...participant,
    },
    ...over,
  })
  const deliver = async (sent: Record<string, unknown>) => {
    const { body, authorization } = await signWebhook(sent)
    return await receiveWebhook(body, authorization)
  }

  it('that cannot be stored is put aside once, with its reason, and the next ones go on', async () => {
    const { db } = suite.portal.runtime
    const before = await db.webhookAside.count()
    const poisoned = [
      event({ identity: 'guest:x#\0' }),
      event({}, { id: 'EV_\0' }),
      event({}, { room: { name: `${suite.meeting.id}\0` } }),
      // A time no calendar has.
      event({}, { createdAt: '9007199254740993' }),
    ]
    for (const sent of poisoned) expect(await deliver(sent)).toBe('put_aside')
    expect(await deliver(poisoned[0]!)).toBe('put_aside')
    expect(await db.webhookAside.count()).toBe(before + poisoned.length)
    const rows = await db.webhookAside.findMany({ where: { roomName: { contains: suite.meeting.id } } })
    expect(rows.every(row => row.reason !== '' && row.body !== '')).toBe(true)
    // Names are cleaned, and nobody is missing from the report for his.
    expect(
      await deliver(event({ name: 'An\0', attributes: { hall: '\u202eHội trường', role: 'guest' } })),
    ).toBe('applied')
    expect(await db.presenceEvent.findMany({ where: { meetingId: suite.meeting.id } })).toMatchObject([
      { name: 'An', hall: 'Hội trường' },
    ])
  })

  it('that is signed but no event is put aside too', async () => {
    const { signWebhook: sign } = await import('@diemcau/core/livekit/webhook-signature.ts')
    for (const body of ['{"event":7}', 'no JSON', '\0'])
      expect(await receiveWebhook(body, await sign(body, { key: 'devkey', secret: 'secret' }))).toBe(
        'put_aside',
      )
  })

  it('is asked for again while the database is away', async () => {
    const { runtime } = suite.portal
    const real = runtime.db
    const away = Object.assign(new Error('cannot reach the database'), { code: 'P1001' })
    runtime.db = { ...real, $transaction: () => Promise.reject(away) } as never
    try {
      expect(await codeOf(deliver(event({})))).toBe('unavailable')
    } finally {
      runtime.db = real
    }
  })
})
