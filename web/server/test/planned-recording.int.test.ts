/** A planned recording begins by itself, goes on when people are back, and stays off once the chair has stopped it. */
import { newId } from '@diemcau/core/ids.ts'
import { EgressStatus } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { sweepMeetings } from '../meetings/sweep-meetings.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'
import { floorSuite } from './floor-suite.ts'
import { eventually, meetingForm } from './portal.ts'
import { signWebhook } from './sign-webhook.ts'

const floor = floorSuite()

async function tell(event: string, over: Record<string, unknown> = {}): Promise<void> {
  const { body, authorization } = await signWebhook({
    id: newId<string>('EV_'),
    event,
    createdAt: String(Math.floor(Date.now() / 1000)),
    room: { name: floor.meeting.id, sid: 'RM_1' },
    ...over,
  })
  await receiveWebhook(body, authorization)
}
const comes = (sid: string, kind = 'STANDARD') =>
  tell('participant_joined', {
    participant: { sid, identity: `user:${sid}`, kind, joinedAtMs: String(Date.now()), attributes: {} },
  })
const goes = (sid: string) =>
  tell('participant_left', {
    participant: { sid, identity: `user:${sid}`, joinedAtMs: String(Date.now()), attributes: {} },
  })
const recordings = () =>
  floor.portal.runtime.db.recording.findMany({
    where: { meetingId: floor.meeting.id },
    orderBy: { requestedAt: 'asc' },
  })
const statuses = async () => (await recordings()).map(({ status }) => status)
/** The recorder's word about the newest recording. */
async function recorderSays(status: string, over: Record<string, unknown> = {}): Promise<void> {
  const egressId = (await recordings()).at(-1)!.egressId
  await tell('egress_updated', { egressInfo: { egressId, roomName: floor.meeting.id, status, ...over } })
}
async function meetingWith(over: Record<string, unknown>): Promise<void> {
  const result = await scheduleMeeting(floor.portal.actors.clerk, meetingForm(over))
  if (!result.ok) throw new Error('not scheduled')
  floor.meeting = await floor.portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: result.id } })
}
const file = { location: 'http://x/files/EG/recording.mp4', duration: '60000000000', size: '1000' }

describe('a planned recording', () => {
  it('begins with the first who comes, once, and everybody is told', async () => {
    const chair = await floor.sit(floor.portal.actors.chair)
    await comes('a')
    await comes('b')
    await floor.portal.runJobs()
    expect(await statuses()).toEqual(['starting'])
    expect(floor.portal.livekit.callsOf('StartRoomCompositeEgress')).toHaveLength(1)
    await eventually(() =>
      expect(chair.events.flatMap(e => (e.type === 'recording' ? e.recording.status : []))).toEqual([
        'requested',
        'starting',
      ]),
    )
    await sweepMeetings(floor.portal.runtime)
    expect(await statuses()).toEqual(['starting'])
    const audit = await floor.portal.runtime.db.auditEntry.findFirst({
      where: { action: 'recording.started', subjectId: (await recordings())[0]!.id },
    })
    expect(audit).toMatchObject({ actorId: null, actorName: 'Điểm Cầu' })
  })

  it('begins again when people are back after it ended because everybody was away', async () => {
    await comes('a')
    await floor.portal.runJobs()
    await recorderSays('EGRESS_ACTIVE')
    await goes('a')
    // Nobody is there for minutes: the recorder ends what it has.
    await recorderSays('EGRESS_ENDING', { details: 'composing 3' })
    await sweepMeetings(floor.portal.runtime)
    expect(await statuses()).toEqual(['composing'])
    await comes('b')
    await floor.portal.runJobs()
    expect(await statuses()).toEqual(['composing', 'starting'])
    await tell('egress_ended', {
      egressInfo: {
        egressId: (await recordings())[0]!.egressId,
        roomName: floor.meeting.id,
        status: 'EGRESS_COMPLETE',
        fileResults: [file],
      },
    })
    expect(await statuses()).toEqual(['ready', 'starting'])
  })

  it('stays off when the chair stopped it, and comes back with people when the chair started it anew', async () => {
    const chair = await floor.sit(floor.portal.actors.chair)
    await comes('a')
    await floor.portal.runJobs()
    await recorderSays('EGRESS_ACTIVE')
    expect(await chair.send({ type: 'recording_stop' })).toEqual({ ok: true })
    await floor.portal.runJobs()
    await comes('b')
    await floor.portal.runJobs()
    await sweepMeetings(floor.portal.runtime)
    expect(await statuses()).toHaveLength(1)
    expect(await chair.send({ type: 'recording_start', layout: 'grid' })).toEqual({ ok: true })
    await recorderSays('EGRESS_COMPLETE', { fileResults: [file] })
    await comes('c')
    await floor.portal.runJobs()
    expect((await recordings()).map(({ layout }) => layout)).toEqual(['speaker', 'grid', 'grid'])
  })

  it('begins at the planned time and not for those who test their devices before', async () => {
    const startsAt = new Date(Date.now() + 10 * 60_000)
    await meetingWith({
      startsAt: startsAt.toISOString(),
      endsAt: new Date(startsAt.getTime() + 3_600_000).toISOString(),
    })
    await comes('a')
    await floor.portal.runJobs()
    expect(await statuses()).toEqual([])
    await sweepMeetings(floor.portal.runtime, startsAt)
    expect(await statuses()).toEqual(['starting'])
  })

  it('does not begin for a camera alone, nor in a meeting that was not to be recorded', async () => {
    await comes('camera', 'INGRESS')
    await floor.portal.runJobs()
    await sweepMeetings(floor.portal.runtime)
    expect(await statuses()).toEqual([])
    await meetingWith({ recorded: false })
    await comes('a')
    await floor.portal.runJobs()
    expect(await statuses()).toEqual([])
    // The chair may all the same, and then it goes on like a planned one.
    const chair = await floor.sit(floor.portal.actors.chair)
    expect(await chair.send({ type: 'recording_start' })).toEqual({ ok: true })
    await recorderSays('EGRESS_COMPLETE', { fileResults: [file] })
    await sweepMeetings(floor.portal.runtime)
    expect(await statuses()).toEqual(['ready', 'starting'])
  })

  it('is tried again after a failure, when some time has passed', async () => {
    floor.portal.livekit.isAway = true
    await comes('a')
    await floor.portal.runJobs()
    floor.portal.livekit.isAway = false
    expect(await statuses()).toEqual(['failed'])
    await sweepMeetings(floor.portal.runtime)
    expect(await statuses()).toEqual(['failed'])
    await sweepMeetings(floor.portal.runtime, new Date(Date.now() + 60_000))
    expect(await statuses()).toEqual(['failed', 'starting'])
    const [info] = [...floor.portal.livekit.egresses.values()].slice(-1)
    expect(info!.status).toBe(EgressStatus.EGRESS_STARTING)
  })
})
