/** The door of a meeting: who stands there, who was put out, the lock, held microphones, and an end that is taken back. */
import { describe, expect, it } from 'vitest'
import { reopenMeeting } from '../meetings/reopen-meeting.ts'
import { sweepMeetings } from '../meetings/sweep-meetings.ts'
import { floorSuite } from './floor-suite.ts'
import { device, eventually } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit } = floor
const db = () => floor.portal.runtime.db
const change = (data: Record<string, unknown>) =>
  db().meeting.update({ where: { id: floor.meeting.id }, data })

describe('the lobby', () => {
  it('forgets who closed the page within 15 seconds, and knows them again when they are back', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const deviceId = device()
    const asked = await enter(null, { deviceId })
    if (asked.status !== 'waiting') throw new Error(asked.status)
    const waiting = connect(asked.ticket)
    await eventually(() => expect(waiting.socket.connected).toBe(true))
    waiting.close()
    await eventually(
      () =>
        expect(chair.events.at(-1)).toMatchObject({
          type: 'lobby_settled',
          requestId: asked.requestId,
          admitted: false,
        }),
      15_000,
    )
    expect(await chair.send({ type: 'lobby_admit', requestId: asked.requestId })).toMatchObject({
      ok: false,
      code: 'already_settled',
    })
    const again = await enter(null, { deviceId })
    expect(again).toMatchObject({ status: 'waiting', requestId: asked.requestId })
    await eventually(() => expect(chair.types().at(-1)).toBe('lobby_requested'))
  })

  it('keeps who waits with an open page', async () => {
    const asked = await enter(null)
    const waiting = connect(asked.ticket)
    await eventually(() => expect(waiting.socket.connected).toBe(true))
    const other = await enter(null)
    if (asked.status !== 'waiting' || other.status !== 'waiting') throw new Error('not waiting')
    // The other one never opened a socket: when it is gone, the first was looked at as often.
    await eventually(
      async () =>
        expect(await db().lobbyRequestRow.findUnique({ where: { id: other.requestId } })).toMatchObject({
          status: 'left',
        }),
      15_000,
    )
    expect(await db().lobbyRequestRow.findUnique({ where: { id: asked.requestId } })).toMatchObject({
      status: 'waiting',
    })
  })
})

describe('a lock', () => {
  it('sends an invited official whose hall is absent to the lobby, and tells the chair', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'lock', locked: true })
    const asked = await enter(floor.portal.actors.official1)
    if (asked.status !== 'waiting') throw new Error(asked.status)
    await eventually(() =>
      expect(chair.events.at(-1)).toMatchObject({ type: 'lobby_requested', request: { invited: true } }),
    )
    const waiting = connect(asked.ticket)
    await eventually(() => expect(waiting.socket.connected).toBe(true))
    await chair.send({ type: 'lobby_admit', requestId: asked.requestId })
    await eventually(() => expect(waiting.lobbyResults).toEqual([true]))
    expect(await enter(floor.portal.actors.official1)).toMatchObject({ status: 'admitted', role: 'delegate' })
    await expect(enter(null)).rejects.toThrow('locked')
  })
})

describe('somebody put out', () => {
  it('who comes back from the same network under another identity waits, and the chair is told', async () => {
    await change({ lobby: false })
    const chair = await sit(floor.portal.actors.chair)
    const guest = await enter(null, { name: 'Kẻ Phá' })
    if (guest.status !== 'admitted') throw new Error(guest.status)
    await chair.send({ type: 'remove', identity: guest.identity })
    const back = await enter(null, { name: 'Người Mới' })
    expect(back.status).toBe('waiting')
    await eventually(() =>
      expect(chair.events.at(-1)).toMatchObject({
        type: 'lobby_requested',
        request: { name: 'Người Mới', resembles: 'Kẻ Phá' },
      }),
    )
    await chair.send({ type: 'lobby_admit_all' })
    expect((await enter(null, { name: 'Người Mới' })).status).toBe('waiting')
  })

  it('can be kept out by a lock and a new code in the same step', async () => {
    await change({ lobby: false })
    const chair = await sit(floor.portal.actors.chair)
    expect(chair.snapshots[0]!.passcode).toBe(floor.meeting.passcode)
    const [bad, good] = [await enter(null, { name: 'A' }), await sit(null, { name: 'B', deviceId: device() })]
    if (bad.status !== 'admitted') throw new Error(bad.status)
    await chair.send({ type: 'remove', identity: bad.identity, lock: true, newPasscode: true })
    await eventually(() =>
      expect(chair.types()).toEqual(expect.arrayContaining(['removed', 'locked', 'passcode_changed'])),
    )
    const now = await db().meeting.findUniqueOrThrow({ where: { id: floor.meeting.id } })
    expect(now.locked).toBe(true)
    expect(now.passcode).not.toBe(floor.meeting.passcode)
    await expect(enter(null, { name: 'C' })).rejects.toThrow('wrong_code')
    await expect(enter(null, { name: 'C', passcode: now.passcode })).rejects.toThrow('locked')
    // Who is in stays, and is not told the code.
    expect(good.socket.connected).toBe(true)
    expect(good.types()).not.toContain('passcode_changed')
    expect(good.snapshots[0]!.passcode).toBeNull()
  })

  it('with a new code asks those at the door for it', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const waiting = await enter(null)
    const client = connect(waiting.ticket)
    await eventually(() => expect(client.socket.connected).toBe(true))
    await chair.send({ type: 'change_passcode' })
    await eventually(() => expect(client.socket.connected).toBe(false))
  })
})

describe('held microphones', () => {
  const canSpeak = (identity: string) =>
    floor.portal.livekit.participants.get(identity)?.permission?.canPublishSources.length === 0

  it('are enforced by the media server for all but moderators, in new tokens too, until released', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const official = await sit(floor.portal.actors.official1)
    const all = ['user:US_chair', 'user:US_official1', 'user:US_official2']
    await sit(floor.portal.actors.official2)
    for (const identity of all) floor.portal.livekit.addParticipant(identity)
    expect(await chair.send({ type: 'mute_all', hold: true })).toEqual({ ok: true })
    await eventually(() =>
      expect(official.events.at(-1)).toMatchObject({
        type: 'options_set',
        options: { microphonesHeld: true },
      }),
    )
    await floor.portal.runJobs()
    expect(all.map(canSpeak)).toEqual([true, false, false])
    const { token } = (await enter(floor.portal.actors.official1)) as { token: string }
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
    expect(claims.video.canPublishSources).toEqual(['camera', 'screen_share', 'screen_share_audio'])

    await chair.send({ type: 'ask_unmute', identity: 'user:US_official1' })
    expect(all.map(canSpeak)).toEqual([true, true, false])
    await chair.send({ type: 'mute', identity: 'user:US_official1', source: 'microphone' })
    await floor.portal.runJobs()
    expect(all.map(canSpeak)).toEqual([true, false, false])

    await chair.send({ type: 'set_options', microphonesHeld: false })
    await floor.portal.runJobs()
    expect(all.map(canSpeak)).toEqual([true, true, true])
    expect(await official.send({ type: 'set_options', microphonesHeld: true })).toMatchObject({ ok: false })
    floor.portal.livekit.participants.clear()
  })
})

describe('an end', () => {
  it('is taken back within minutes by who runs the meeting, and not ended again by the sweep', async () => {
    await change({ endsAt: new Date(Date.now() - 600_000), startsAt: new Date(Date.now() - 7_200_000) })
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'end_meeting' })
    await expect(enter(floor.portal.actors.official1)).rejects.toThrow('ended')
    await expect(reopenMeeting(floor.portal.actors.official1, floor.meeting.id)).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(reopenMeeting(floor.portal.actors.stranger, floor.meeting.id)).rejects.toMatchObject({
      code: 'not_found',
    })
    const before = floor.portal.livekit.callsOf('DeleteRoom').length
    await reopenMeeting(floor.portal.actors.chair, floor.meeting.id)
    await floor.portal.runJobs()
    expect(floor.portal.livekit.callsOf('DeleteRoom')).toHaveLength(before)
    await db().meetingParticipant.updateMany({
      where: { meetingId: floor.meeting.id },
      data: { lastJoinAt: new Date(0) },
    })
    await sweepMeetings(floor.portal.runtime)
    expect(await enter(floor.portal.actors.official1)).toMatchObject({ status: 'admitted' })
    const back = await sit(floor.portal.actors.chair)
    expect(back.snapshots[0]!.status).toBe('live')
  })

  it('stays when it is too long ago', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'end_meeting' })
    await change({ endedAt: new Date(Date.now() - 11 * 60_000) })
    await expect(reopenMeeting(floor.portal.actors.chair, floor.meeting.id)).rejects.toMatchObject({
      code: 'too_late',
    })
  })
})
