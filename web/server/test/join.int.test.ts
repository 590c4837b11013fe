import type { JoinResult } from '@diemcau/core/contracts/join.ts'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { getPublicMeeting } from '../meetings/get-public-meeting.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import type { Actor } from '../types.ts'
import { device, meetingForm, origin, startPortal, type TestPortal } from './portal.ts'

let postgres: TempPostgres
let portal: TestPortal
let meeting: { id: string; code: string; passcode: string }
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})
beforeEach(async () => {
  const result = await scheduleMeeting(portal.actors.clerk, meetingForm())
  if (!result.ok) throw new Error('not scheduled')
  meeting = await portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: result.id } })
})

const change = (data: Record<string, unknown>) =>
  portal.runtime.db.meeting.update({ where: { id: meeting.id }, data })
const join = (actor: Actor | null, request: Record<string, unknown> = {}, from = origin) =>
  joinMeeting(
    meeting.code,
    {
      as: 'participant',
      deviceId: device(),
      ...(actor ? {} : { name: 'Bà Lan', unit: 'Tổ 5', passcode: meeting.passcode }),
      ...request,
    },
    actor,
    from,
  )
const outcome = (r: JoinResult): string =>
  r.status === 'refused' ? r.reason : r.status === 'admitted' ? `admitted ${r.role}` : 'waiting'
const hours = (n: number): Date => new Date(Date.now() + n * 3_600_000)

describe('joining', () => {
  it('gives everybody their role', async () => {
    const { chair, secretary, admin, clerk, operator, official1 } = portal.actors
    expect(outcome(await join(chair))).toBe('admitted chair')
    expect(outcome(await join(secretary))).toBe('admitted secretary')
    for (const actor of [admin, clerk, operator]) expect(outcome(await join(actor))).toBe('admitted operator')
    expect(outcome(await join(official1, { withAccount: true }))).toBe('admitted delegate')
    expect(outcome(await join(null))).toBe('waiting')
    expect(outcome(await join(portal.actors.stranger, { passcode: meeting.passcode }))).toBe('waiting')
    expect(outcome(await join(null, { as: 'viewer' }))).toBe('admitted viewer')
  })

  it('refuses, each with its reason', async () => {
    const guest = () => join(null).then(outcome)
    const official = () => join(portal.actors.official1).then(outcome)
    expect(
      outcome(await joinMeeting('no-such-code', { as: 'viewer', deviceId: device() }, null, origin)),
    ).toBe('not_found')
    expect(outcome(await join(null, { passcode: '000000' }))).toBe('wrong_code')
    expect(outcome(await join(portal.actors.stranger))).toBe('wrong_code')
    expect(outcome(await join(null, { name: ' ' }))).toBe('name_required')
    // Whose session ended hears that, not what a stranger is asked for.
    expect(outcome(await join(null, { withAccount: true, passcode: '', name: undefined }))).toBe('signed_out')
    await change({ guestsAllowed: false })
    expect(await guest()).toBe('guests_not_allowed')
    await change({ guestsAllowed: true, watchAllowed: false })
    expect(outcome(await join(null, { as: 'viewer' }))).toBe('guests_not_allowed')
    await change({ locked: true })
    expect(await official()).toBe('waiting')
    expect(await guest()).toBe('locked')
    await change({ locked: false, capacity: 0 })
    expect(await official()).toBe('full')
    await change({ capacity: 500, startsAt: hours(30), endsAt: hours(31), status: 'scheduled' })
    expect(await official()).toBe('too_early')
    expect(outcome(await join(portal.actors.chair))).toBe('too_early')
    await change({ status: 'ended' })
    expect(await official()).toBe('ended')
    await change({ status: 'cancelled' })
    expect(await official()).toBe('cancelled')
  })

  it('tells when the doors open', async () => {
    const startsAt = hours(30)
    await change({ startsAt, endsAt: hours(31) })
    expect(await join(portal.actors.official1)).toEqual({
      status: 'refused',
      reason: 'too_early',
      opensAt: new Date(startsAt.getTime() - 30 * 60_000).toISOString(),
    })
  })

  it('stops guessing of codes by device and by network, and a right one from elsewhere still works', async () => {
    const from = { ...origin, ip: '10.9.9.9' }
    const outcomes = await Promise.all(
      Array.from({ length: 70 }, async (_, i) =>
        outcome(await join(null, { passcode: String(900_000 + i) }, from)),
      ),
    )
    expect(outcomes.filter(o => o === 'wrong_code')).toHaveLength(60)
    expect(outcomes.filter(o => o === 'too_many_attempts')).toHaveLength(10)
    expect(outcome(await join(null, {}, from))).toBe('too_many_attempts')
    expect(outcome(await join(null))).toBe('waiting')
  })

  it('keeps a removed identity out, also with an admitted lobby request', async () => {
    const deviceId = device()
    const first = await join(null, { deviceId })
    if (first.status !== 'waiting') throw new Error(first.status)
    await portal.runtime.db.lobbyRequestRow.update({
      where: { id: first.requestId },
      data: { status: 'admitted' },
    })
    const second = await join(null, { deviceId })
    if (second.status !== 'admitted') throw new Error(second.status)
    await portal.runtime.db.removedIdentity.create({
      data: { meetingId: meeting.id, identity: second.identity, byId: 'x' },
    })
    expect(outcome(await join(null, { deviceId }))).toBe('removed')
    expect(outcome(await join(null))).toBe('waiting')
  })

  it('gives the last place to one of many who ask at once', async () => {
    // Two halls, the chair and the secretary have theirs.
    await change({ capacity: 5, lobby: false })
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, async () => outcome(await join(null, {}, { ...origin, ip: device() }))),
    )
    expect(outcomes.sort()).toEqual(['admitted guest', ...Array(5).fill('full')])
  })

  it('keeps the name the chair let in, whatever is asked for afterwards', async () => {
    const deviceId = device()
    const first = await join(null, { deviceId })
    if (first.status !== 'waiting') throw new Error(first.status)
    await portal.runtime.db.lobbyRequestRow.update({
      where: { id: first.requestId },
      data: { status: 'admitted' },
    })
    const [endpoint] = await portal.runtime.db.meetingEndpoint.findMany({ where: { meetingId: meeting.id } })
    const again = await join(null, { deviceId, name: 'Chủ tịch', unit: 'UBND', endpointId: endpoint!.id })
    expect(again.status).toBe('waiting')
    expect(await join(null, { deviceId, name: 'Chủ tịch', unit: 'UBND' })).toMatchObject({
      status: 'waiting',
    })
  })

  it('lets in by name through a locked door, and nobody else', async () => {
    const deviceId = device()
    const first = await join(null, { deviceId })
    if (first.status !== 'waiting') throw new Error(first.status)
    await change({ locked: true })
    await portal.runtime.db.lobbyRequestRow.update({
      where: { id: first.requestId },
      data: { status: 'admitted' },
    })
    expect(outcome(await join(null, { deviceId }))).toBe('admitted guest')
    expect(outcome(await join(null))).toBe('locked')
  })

  it('keeps one place in the lobby and answers the denied', async () => {
    const deviceId = device()
    const [a, b] = [await join(null, { deviceId }), await join(null, { deviceId })]
    if (a.status !== 'waiting' || b.status !== 'waiting') throw new Error('not waiting')
    expect(b.requestId).toBe(a.requestId)
    await portal.runtime.db.lobbyRequestRow.update({ where: { id: a.requestId }, data: { status: 'denied' } })
    expect(outcome(await join(null, { deviceId }))).toBe('denied')
  })

  it('mints a token with the attributes of the endpoint, and no admin grant for anybody', async () => {
    const result = await join(portal.actors.official1)
    if (result.status !== 'admitted') throw new Error(result.status)
    const claims = decodeJwt<{
      video: Record<string, unknown>
      attributes: Record<string, string>
      name: string
    }>(result.token)
    expect(result.serverUrl).toBe(portal.livekit.url.replace('http://127.0.0.1', 'ws://portal.test'))
    expect(claims.sub).toBe('user:US_official1')
    expect(claims.name).toBe('Hội trường 1 – UBND tỉnh')
    expect(claims.attributes).toMatchObject({
      role: 'delegate',
      hall: 'Hội trường 1',
      unit: 'UBND tỉnh',
      order: '11',
    })
    expect(claims.attributes).not.toHaveProperty('floor')
    expect(claims.video).toMatchObject({ room: meeting.id, roomJoin: true, canPublish: true, hidden: false })
    const chair = await join(portal.actors.chair)
    if (chair.status !== 'admitted') throw new Error(chair.status)
    const { video, attributes } = decodeJwt<typeof claims>(chair.token)
    expect(video.roomAdmin).toBeUndefined()
    // Heard however many microphones are open.
    expect(attributes).toMatchObject({ role: 'chair', floor: '1' })
  })

  it('gives viewers a token with which nothing can be sent or seen of them', async () => {
    const result = await join(null, { as: 'viewer' })
    if (result.status !== 'admitted') throw new Error(result.status)
    expect(result.identity).toMatch(/^viewer:/)
    expect(decodeJwt<{ video: Record<string, unknown> }>(result.token).video).toMatchObject({
      hidden: true,
      canPublish: false,
      canPublishData: false,
      canSubscribe: true,
    })
  })

  it('keeps a guest their identity after a reload and does not show the device id', async () => {
    await change({ lobby: false })
    const deviceId = device()
    const [a, b, c] = [await join(null, { deviceId }), await join(null, { deviceId }), await join(null)]
    if (a.status !== 'admitted' || b.status !== 'admitted' || c.status !== 'admitted')
      throw new Error('refused')
    expect(b.identity).toBe(a.identity)
    expect(c.identity).not.toBe(a.identity)
    expect(a.identity).not.toContain(deviceId)
    expect(a.name).toBe('Bà Lan – Tổ 5')
  })

  it('makes the meeting live and prepares the room; works on while the media server is away', async () => {
    portal.livekit.isAway = true
    expect(outcome(await join(portal.actors.official1))).toBe('admitted delegate')
    portal.livekit.isAway = false
    await join(portal.actors.official2)
    const [call] = portal.livekit.callsOf('CreateRoom').filter(c => c.name === meeting.id)
    expect(JSON.parse(String(call!.metadata))).toEqual({ title: 'Giao ban', recorded: true })
    expect(await portal.runtime.db.meeting.findUnique({ where: { id: meeting.id } })).toMatchObject({
      status: 'live',
    })
  })

  it('prepares the room for whoever comes first, also for a viewer, by call and by token', async () => {
    const viewer = await joinMeeting(meeting.code, { as: 'viewer', deviceId: device() }, null, origin)
    if (viewer.status !== 'admitted') throw new Error('not admitted')
    const [call] = portal.livekit.callsOf('CreateRoom').filter(c => c.name === meeting.id)
    const settings = {
      emptyTimeout: 300,
      departureTimeout: 60,
      metadata: JSON.stringify({ title: 'Giao ban', recorded: true }),
    }
    expect(call).toMatchObject(settings)
    const claims = JSON.parse(Buffer.from(viewer.token.split('.')[1]!, 'base64url').toString())
    expect(claims.roomConfig).toEqual(settings)
    // Watching begins no meeting.
    expect(await portal.runtime.db.meeting.findUnique({ where: { id: meeting.id } })).toMatchObject({
      status: 'scheduled',
    })
  })

  it('refuses malformed requests as such', async () => {
    await expect(joinMeeting(meeting.code, { as: 'admin' }, null, origin)).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })
})

describe('the public page of a meeting', () => {
  it('shows halls and who sits there, and neither passcode nor people', async () => {
    await join(portal.actors.official1)
    const shown = await getPublicMeeting(meeting.code, portal.actors.official2)
    expect(shown!.endpoints.map(e => [e.hall, e.taken])).toEqual([
      ['Hội trường 1', true],
      ['Hội trường 2', false],
    ])
    expect(shown!.user).toEqual({
      name: 'Ông official2',
      role: 'delegate',
      endpointId: shown!.endpoints[1]!.id,
    })
    expect(shown!.passcodeRequired).toBe(false)
    const guest = await getPublicMeeting(meeting.code, null)
    expect(guest).toMatchObject({ passcodeRequired: true, user: null })
    expect(JSON.stringify(guest)).not.toContain(meeting.passcode)
    expect(await getPublicMeeting('nope', null)).toBeNull()
  })

  it('tells nobody the agenda by the link alone, and the description only where everybody may watch', async () => {
    await change({ agenda: 'Kiểm điểm ông A', description: 'Mật', watchAllowed: false })
    for (const actor of [null, portal.actors.stranger]) {
      const shown = JSON.stringify(await getPublicMeeting(meeting.code, actor))
      expect(shown).not.toContain('Kiểm điểm')
      expect(shown).not.toContain('Mật')
    }
    const invited = await getPublicMeeting(meeting.code, portal.actors.official1)
    expect(invited).toMatchObject({ agenda: 'Kiểm điểm ông A', description: 'Mật' })
    await change({ watchAllowed: true })
    expect(await getPublicMeeting(meeting.code, null)).toMatchObject({ agenda: '', description: 'Mật' })
  })
})
