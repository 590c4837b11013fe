/** Who speaks for a hall: by account, by its code, by a browser that was confirmed, or by a moderator's word; nobody else. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { getAttendance } from '../attendance/get-attendance.ts'
import { changeHallCode } from '../meetings/change-hall-code.ts'
import { getPublicMeeting } from '../meetings/get-public-meeting.ts'
import { readHallDevice } from '../meetings/hall-device.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { floorSuite } from './floor-suite.ts'
import { device, eventually, origin } from './portal.ts'

const floor = floorSuite()
const { connect, sit } = floor
const db = () => floor.portal.runtime.db
const endpoints = () =>
  db().meetingEndpoint.findMany({ where: { meetingId: floor.meeting.id }, orderBy: { order: 'asc' } })

/** A browser: keeps its device id and the cookie for halls. */
function browser(ip = '10.5.0.1') {
  const deviceId = device()
  let cookie: string | null = null
  return {
    async join(request: Record<string, unknown> = {}) {
      const hallDevice = await readHallDevice(floor.portal.runtime.config, cookie)
      return await joinMeeting(
        floor.meeting.code,
        { as: 'participant', deviceId, name: 'Ông Ba', passcode: floor.meeting.passcode, ...request },
        null,
        { ...origin, ip, hallDevice, setCookie: line => (cookie = line.split(';')[0] ?? null) },
      )
    },
    forgetDevice: () => browser(ip),
    get cookie() {
      return cookie
    },
    setCookie(value: string | null) {
      cookie = value
    },
  }
}

describe('a hall', () => {
  it('is not taken by who only picks it: the moderator sees the claim, and attendance does not', async () => {
    await db().meeting.update({ where: { id: floor.meeting.id }, data: { lobby: false } })
    const [first] = await endpoints()
    const chair = await sit(floor.portal.actors.chair)
    const guest = browser()
    const result = await guest.join({ endpointId: first!.id })
    expect(result.status).toBe('waiting')
    await eventually(() =>
      expect(chair.events.at(-1)).toMatchObject({
        type: 'lobby_requested',
        request: { name: 'Ông Ba', claim: { endpointId: first!.id, hall: 'Hội trường 1', seatedBy: null } },
      }),
    )
    const report = await getAttendance(floor.portal.actors.clerk, floor.meeting.id)
    expect(report.endpoints.map(e => e.people.length)).toEqual([0, 0])
    expect((await getPublicMeeting(floor.meeting.code, null))!.endpoints[0]!.taken).toBe(false)
  })

  it('is given by the moderator who confirms, and not by one who only lets in', async () => {
    const [first, second] = await endpoints()
    const chair = await sit(floor.portal.actors.chair)
    const [one, two] = [browser(), browser('10.5.0.2')]
    const asked = await one.join({ endpointId: first!.id })
    const also = await two.join({ endpointId: second!.id })
    if (asked.status !== 'waiting' || also.status !== 'waiting') throw new Error('not waiting')
    expect(await chair.send({ type: 'lobby_admit_all' })).toEqual({ ok: true })
    expect((await one.join({ endpointId: first!.id })).status).toBe('waiting')
    await chair.send({ type: 'lobby_admit', requestId: asked.requestId, confirmClaim: true })
    await chair.send({ type: 'lobby_admit', requestId: also.requestId })
    expect(await one.join({ endpointId: first!.id })).toMatchObject({
      status: 'admitted',
      role: 'delegate',
      name: 'Hội trường 1 – UBND tỉnh',
    })
    expect(await two.join({ endpointId: second!.id })).toMatchObject({ status: 'admitted', role: 'guest' })
    const rows = await db().meetingParticipant.findMany({
      where: { meetingId: floor.meeting.id, userId: null },
    })
    expect(rows.map(row => row.endpointId).sort()).toEqual([first!.id, null].sort())
    // Who was confirmed once is known the next time, in another meeting or after clearing the page's memory.
    const again = one.forgetDevice()
    again.setCookie(one.cookie)
    expect(await again.join({ endpointId: first!.id, passcode: '' })).toMatchObject({
      status: 'admitted',
      role: 'delegate',
    })
    const device = await readHallDevice(floor.portal.runtime.config, one.cookie)
    expect(await getPublicMeeting(floor.meeting.code, null, device)).toMatchObject({
      deviceEndpointId: first!.id,
      passcodeRequired: false,
    })
  })

  it('shows the moderator who sits there already', async () => {
    const [first] = await endpoints()
    const chair = await sit(floor.portal.actors.chair)
    await sit(floor.portal.actors.official1)
    await browser().join({ endpointId: first!.id })
    await eventually(() =>
      expect(chair.events.at(-1)).toMatchObject({ request: { claim: { seatedBy: 'Ông official1' } } }),
    )
  })

  it('comes in by its code, typed any way, also where guests may not; the cookie is signed', async () => {
    await db().meeting.update({ where: { id: floor.meeting.id }, data: { guestsAllowed: false } })
    const [first, second] = await endpoints()
    const typed = `${second!.code.slice(0, 4)} ${second!.code.slice(4)}`
    const hall = browser()
    const result = await hall.join({ passcode: typed, endpointId: first!.id })
    expect(result).toMatchObject({ status: 'admitted', role: 'delegate', name: 'Hội trường 2 – UBND tỉnh' })
    expect(hall.cookie).toMatch(/^diemcau-hall=/)
    const { config } = floor.portal.runtime
    expect(await readHallDevice(config, `a=b; ${hall.cookie}`)).not.toBeNull()
    expect(await readHallDevice(config, `${hall.cookie}x`)).toBeNull()
    expect(await readHallDevice(config, `diemcau-hall=${randomUUID()}`)).toBeNull()
  })

  it('is not taken by an account of another hall, and is by a moderator', async () => {
    const [first] = await endpoints()
    const ask = (actor: keyof typeof floor.portal.actors) =>
      joinMeeting(
        floor.meeting.code,
        { as: 'participant', deviceId: device(), endpointId: first!.id },
        floor.portal.actors[actor],
        origin,
      )
    expect((await ask('official2')).status).toBe('waiting')
    expect(await ask('operator')).toMatchObject({ status: 'admitted', name: 'Hội trường 1 – UBND tỉnh' })
  })

  it('has a new code and no known browser after somebody was put out of it', async () => {
    const [first] = await endpoints()
    const chair = await sit(floor.portal.actors.chair)
    const hall = browser()
    const result = await hall.join({ passcode: first!.code })
    if (result.status !== 'admitted') throw new Error(result.status)
    const client = connect(result.ticket)
    await eventually(() => expect(client.snapshots).toHaveLength(1))
    await chair.send({ type: 'remove', identity: result.identity })
    const again = hall.forgetDevice()
    again.setCookie(hall.cookie)
    expect(await again.join({ passcode: first!.code })).toMatchObject({
      status: 'refused',
      reason: 'wrong_code',
    })
    expect(await again.join({ endpointId: first!.id })).toMatchObject({ status: 'waiting' })
  })
})

describe('the code of a hall', () => {
  it('is changed by who may read it: the old one and remembered browsers are worth nothing, who is in stays', async () => {
    const [first, second] = await endpoints()
    const { actors } = floor.portal
    const hall = browser()
    expect((await hall.join({ passcode: first!.code })).status).toBe('admitted')
    await expect(changeHallCode(actors.official1, floor.meeting.id, first!.id)).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(changeHallCode(actors.clerk, floor.meeting.id, 'EP_none')).rejects.toMatchObject({
      code: 'not_found',
    })
    await changeHallCode(actors.clerk, floor.meeting.id, first!.id)
    const [now, other] = await endpoints()
    expect(now!.code).toMatch(/^\d{8}$/)
    expect(now!.code).not.toBe(first!.code)
    expect(other!.code).toBe(second!.code)
    // Its page comes back with what it came in by.
    expect(await hall.join({ passcode: first!.code })).toMatchObject({
      status: 'admitted',
      name: 'Hội trường 1 – UBND tỉnh',
    })
    const again = hall.forgetDevice()
    again.setCookie(hall.cookie)
    expect(await again.join({ passcode: first!.code })).toMatchObject({ reason: 'wrong_code' })
    expect(await again.join({ passcode: now!.code })).toMatchObject({ status: 'admitted', role: 'delegate' })
  })
})

describe('codes', () => {
  it('are understood as the portal shows and copies them, before a try is counted', async () => {
    const { passcode } = floor.meeting
    const wide = [...passcode].map(d => String.fromCodePoint(0xff10 + Number(d))).join('')
    const arabic = [...passcode].map(d => String.fromCodePoint(0x660 + Number(d))).join('')
    for (const typed of [`${passcode.slice(0, 3)} ${passcode.slice(3)}`, wide, arabic, `\u200e${passcode}\n`])
      expect((await browser('10.5.1.1').join({ passcode: typed })).status).toBe('waiting')
    expect(
      await db().attemptCounter.count({ where: { key: { startsWith: `code:${floor.meeting.id}` } } }),
    ).toBe(0)
  })

  it('that are right are never refused, however many come at once from one address', async () => {
    const results = await Promise.all(Array.from({ length: 40 }, () => browser('10.5.1.2').join()))
    expect(results.map(r => r.status)).toEqual(Array(40).fill('waiting'))
  })

  it('that are wrong lock the device that typed them, not the hall around it', async () => {
    const one = browser('10.5.1.3')
    const outcomes = []
    for (let n = 0; n < 13; n += 1) {
      const result = await one.join({ passcode: String(100_000 + n) })
      outcomes.push(result.status === 'refused' ? result.reason : result.status)
    }
    expect(outcomes).toEqual([...Array(10).fill('wrong_code'), ...Array(3).fill('too_many_attempts')])
    expect(await one.join()).toMatchObject({ reason: 'too_many_attempts' })
    expect((await browser('10.5.1.3').join()).status).toBe('waiting')
  })

  it('that are wrong count once a device, however often its page repeats them', async () => {
    const keys = { startsWith: `code:${floor.meeting.id}` }
    const counted = async () => await db().attemptCounter.findMany({ where: { key: keys } })
    const before = new Set((await counted()).map(({ key }) => key))
    const counts = async () =>
      (await counted()).filter(({ key }) => !before.has(key)).map(({ count }) => count)
    const page = browser('10.5.1.4')
    for (let n = 0; n < 15; n += 1)
      expect(await page.join({ passcode: '12345678' })).toMatchObject({ reason: 'wrong_code' })
    // The network, the device, and how often that device typed this.
    expect((await counts()).toSorted((a, b) => a - b)).toEqual([1, 1, 15])
    // Another device's try of the same code is one more of the network.
    expect(await browser('10.5.1.4').join({ passcode: '12345678' })).toMatchObject({ reason: 'wrong_code' })
    expect((await counts()).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 15])
  })
})
