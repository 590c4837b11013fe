import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { setUserDisabled } from '../accounts/set-user-disabled.ts'
import { updateMeeting } from '../meetings/update-meeting.ts'
import { floorSuite } from './floor-suite.ts'
import { eventually, meetingForm } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit } = floor

describe('the chair and the media', () => {
  it('mutes one source of one person by its track, and only says what happened', async () => {
    const chair = await sit(floor.portal.actors.chair)
    floor.portal.livekit.addParticipant('user:US_official1')
    expect(await chair.send({ type: 'mute', identity: 'user:US_official1', source: 'camera' })).toEqual({
      ok: true,
    })
    const [call] = floor.portal.livekit.callsOf('MutePublishedTrack')
    expect(call).toMatchObject({ room: floor.meeting.id, identity: 'user:US_official1', muted: true })
    expect(call!.trackSid).toBe('TR_cam_user:US_official1')
    await chair.send({ type: 'mute', identity: 'user:US_official1', source: 'camera' })
    await chair.send({ type: 'mute', identity: 'user:nobody', source: 'microphone' })
    await chair.send({ type: 'ask_unmute', identity: 'user:US_official1' })
    await eventually(() => expect(chair.types()).toEqual(['muted_by_chair', 'unmute_asked']))
  })

  it('mutes all but the moderators', async () => {
    const chair = await sit(floor.portal.actors.chair)
    for (const identity of ['user:US_chair', 'user:US_official1', 'user:US_official2'])
      floor.portal.livekit.addParticipant(identity)
    const before = floor.portal.livekit.callsOf('MutePublishedTrack').length
    await chair.send({ type: 'mute_all' })
    const muted = floor.portal.livekit.callsOf('MutePublishedTrack').slice(before)
    expect(muted.map(c => c.identity).sort()).toEqual(['user:US_official1', 'user:US_official2'])
    floor.portal.livekit.participants.clear()
  })

  it('says so when the media server is away, and the same command works later', async () => {
    const chair = await sit(floor.portal.actors.chair)
    floor.portal.livekit.addParticipant('user:US_official1')
    floor.portal.livekit.isAway = true
    const command = {
      type: 'mute',
      identity: 'user:US_official1',
      source: 'microphone',
      commandId: randomUUID(),
    }
    expect(await chair.send(command)).toMatchObject({ ok: false, code: 'media_unavailable' })
    floor.portal.livekit.isAway = false
    expect(await chair.send(command)).toEqual({ ok: true })
    await eventually(() => expect(chair.types()).toEqual(['muted_by_chair']))
    floor.portal.livekit.participants.clear()
  })

  it('removes: everybody hears it, the socket is closed, the media is ended by a job, the door stays shut', async () => {
    const [chair, official] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.official1)]
    floor.portal.livekit.addParticipant('user:US_official1')
    await chair.send({ type: 'spotlight', identity: 'user:US_official1' })
    expect(await chair.send({ type: 'remove', identity: 'user:US_official1', reason: 'ồn' })).toEqual({
      ok: true,
    })
    await eventually(() => expect(official.socket.connected).toBe(false))
    expect(official.types()).toEqual(['spotlighted', 'spotlighted', 'removed'])
    await floor.portal.runJobs()
    expect(floor.portal.livekit.participants.has('user:US_official1')).toBe(false)
    await expect(enter(floor.portal.actors.official1)).rejects.toThrow('removed')
    expect(await chair.send({ type: 'remove', identity: 'user:US_chair' })).toMatchObject({
      code: 'not_yourself',
    })
    const rows = await floor.portal.runtime.db.auditEntry.findMany({
      where: { action: 'participant.removed', subjectId: floor.meeting.id },
    })
    expect(rows).toMatchObject([
      { actorId: 'US_chair', detail: { identity: 'user:US_official1', reason: 'ồn' } },
    ])
  })

  it('closes the door behind an account that is disabled', async () => {
    const { ticket } = await enter(floor.portal.actors.operator)
    const operator = connect(ticket)
    await eventually(() => expect(operator.snapshots).toHaveLength(1))
    floor.portal.livekit.addParticipant('user:US_operator')
    await setUserDisabled(floor.portal.actors.admin, 'US_operator', true)
    try {
      await floor.portal.runJobs()
      await eventually(() => expect(operator.socket.connected).toBe(false))
      expect(floor.portal.livekit.participants.has('user:US_operator')).toBe(false)
      const back = connect(ticket)
      await eventually(() => expect(back.refusal).toBe('ticket'))
    } finally {
      await setUserDisabled(floor.portal.actors.admin, 'US_operator', false)
      await floor.portal.signIn('operator')
    }
  })

  it('takes no command of somebody who does not chair any more, on a socket that stayed open', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await floor.portal.runtime.db.meeting.update({
      where: { id: floor.meeting.id },
      data: { chairId: 'US_official2' },
    })
    expect(await chair.send({ type: 'lock', locked: true })).toMatchObject({ ok: false, code: 'forbidden' })
    expect(await chair.send({ type: 'mute_all' })).toMatchObject({ ok: false, code: 'forbidden' })
    expect(
      (await floor.portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: floor.meeting.id } })).locked,
    ).toBe(false)
  })

  it('brings back with a new ticket whoever becomes the chair, and whoever was', async () => {
    const [chair, next] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.official2)]
    const form = meetingForm({ chairId: 'US_official2', userIds: ['US_chair'] })
    expect(await updateMeeting(floor.portal.actors.clerk, floor.meeting.id, form)).toMatchObject({ ok: true })
    await floor.portal.runJobs()
    await eventually(() => expect([chair.socket.connected, next.socket.connected]).toEqual([false, false]))
    expect((await sit(floor.portal.actors.official2)).snapshots[0]!.you.role).toBe('chair')
    expect((await sit(floor.portal.actors.chair)).snapshots[0]!.you.role).toBe('delegate')
  })

  it('ends for all: state, lobby, recording and room', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const guest = await enter(null)
    const waiting = connect(guest.ticket)
    await eventually(() => expect(waiting.socket.connected).toBe(true))
    await chair.send({ type: 'recording_start' })
    expect(await chair.send({ type: 'end_meeting' })).toEqual({ ok: true })
    await eventually(() => expect(waiting.lobbyResults).toEqual([false]))
    await eventually(() => expect(chair.types().at(-1)).toBe('meeting_ended'))
    expect(await chair.send({ type: 'chat_send', text: 'x' })).toMatchObject({
      ok: false,
      code: 'meeting_over',
    })
    await floor.portal.runJobs()
    expect(floor.portal.livekit.callsOf('StopEgress')).toHaveLength(1)
    expect(floor.portal.livekit.callsOf('DeleteRoom').map(c => c.room)).toContain(floor.meeting.id)
  })
})
