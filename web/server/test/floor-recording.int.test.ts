import { EgressStatus } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { getPublicMeeting } from '../meetings/get-public-meeting.ts'
import { sweepMeetings } from '../meetings/sweep-meetings.ts'
import { floorSuite } from './floor-suite.ts'
import { eventually } from './portal.ts'

const floor = floorSuite()
const { sit } = floor

describe('recording from the floor', () => {
  it('starts once, and a recorder that is away is said to everybody', async () => {
    const chair = await sit(floor.portal.actors.chair)
    expect(await chair.send({ type: 'recording_start', layout: 'grid' })).toEqual({ ok: true })
    expect(await chair.send({ type: 'recording_start' })).toMatchObject({ code: 'already_recording' })
    await eventually(() =>
      expect(chair.events.map(e => (e.type === 'recording' ? e.recording.status : e.type))).toEqual([
        'requested',
        'starting',
      ]),
    )
    expect(await chair.send({ type: 'recording_stop' })).toEqual({ ok: true })
    expect(await chair.send({ type: 'recording_stop' })).toMatchObject({ code: 'not_recording' })
    floor.portal.livekit.isAway = true
    expect(await chair.send({ type: 'recording_start' })).toMatchObject({
      ok: false,
      code: 'recording_failed',
    })
    floor.portal.livekit.isAway = false
    const last = (
      await floor.portal.runtime.db.recording.findMany({
        where: { meetingId: floor.meeting.id },
        orderBy: { requestedAt: 'desc' },
      })
    )[0]
    expect(last).toMatchObject({ status: 'failed', error: 'not_started' })
  })

  it('is begun unplanned by those who answer for the meeting, and newcomers are told before they join', async () => {
    const { db } = floor.portal.runtime
    await db.meeting.update({ where: { id: floor.meeting.id }, data: { recorded: false } })
    const [chair, operator] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.operator)]
    const told = async () => (await getPublicMeeting(floor.meeting.code, null))?.recordingNow
    expect(await operator.send({ type: 'recording_start' })).toMatchObject({ code: 'not_recorded' })
    expect(await told()).toBe(false)
    expect(await chair.send({ type: 'recording_start' })).toEqual({ ok: true })
    expect(await told()).toBe(true)
    await eventually(() => expect(operator.types()).toContain('recording'))
  })

  it('is stopped twice without complaint: by the room that closed first, and by the chair', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    const { db } = floor.portal.runtime
    const row = await db.recording.findFirstOrThrow({ where: { meetingId: floor.meeting.id } })
    floor.portal.livekit.egresses.get(row.egressId!)!.status = EgressStatus.EGRESS_ENDING
    floor.portal.livekit.egresses.get(row.egressId!)!.details = 'composing 5'
    await chair.send({ type: 'recording_stop' })
    await floor.portal.runJobs()
    expect(await db.recording.findUnique({ where: { id: row.id } })).toMatchObject({ status: 'composing' })
    expect(await db.job.findMany({ where: { kind: 'stop_recording', status: 'queued' } })).toEqual([])
  })

  it('is stopped again by the sweep when the recorder forgot that it was', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    await chair.send({ type: 'recording_stop' })
    await floor.portal.runJobs()
    const { db } = floor.portal.runtime
    const row = await db.recording.findFirstOrThrow({ where: { meetingId: floor.meeting.id } })
    // Killed after its answer, before it wrote the end down; the next process went on.
    const info = floor.portal.livekit.egresses.get(row.egressId!)!
    info.status = EgressStatus.EGRESS_ACTIVE
    await db.recording.update({ where: { id: row.id }, data: { updatedAt: new Date(0) } })
    await sweepMeetings(floor.portal.runtime)
    expect(info.status).toBe(EgressStatus.EGRESS_ENDING)
  })

  it('is taken on by the sweep when this process died before it wrote the answer down', async () => {
    const { db } = floor.portal.runtime
    const at = new Date(0)
    const lost = await db.recording.create({
      data: { id: `RC_${floor.meeting.id}`, meetingId: floor.meeting.id, requestedById: 'x', updatedAt: at },
    })
    const info = await floor.portal.runtime.media.startRecording(floor.meeting.id, 'speaker')
    await sweepMeetings(floor.portal.runtime)
    expect(await db.recording.findUnique({ where: { id: lost.id } })).toMatchObject({
      status: 'starting',
      egressId: info.egressId,
    })
  })

  it('fails with its reason when the recorder never began and stays away', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    const { db } = floor.portal.runtime
    const long = new Date(Date.now() - 600_000)
    await db.recording.updateMany({
      where: { meetingId: floor.meeting.id },
      data: { updatedAt: long, requestedAt: long },
    })
    floor.portal.livekit.isAway = true
    await sweepMeetings(floor.portal.runtime)
    floor.portal.livekit.isAway = false
    expect(await db.recording.findFirst({ where: { meetingId: floor.meeting.id } })).toMatchObject({
      status: 'failed',
      error: 'recorder_away',
    })
  })

  it('is failed by the sweep when the recorder has lost it', async () => {
    const chair = await sit(floor.portal.actors.chair)
    await chair.send({ type: 'recording_start' })
    const { db } = floor.portal.runtime
    await db.recording.updateMany({
      where: { meetingId: floor.meeting.id },
      data: { updatedAt: new Date(0) },
    })
    floor.portal.livekit.egresses.clear()
    await sweepMeetings(floor.portal.runtime)
    expect(await db.recording.findFirst({ where: { meetingId: floor.meeting.id } })).toMatchObject({
      status: 'failed',
      error: 'lost_by_recorder',
    })
    await eventually(() => expect(chair.types().at(-1)).toBe('recording'))
  })
})
