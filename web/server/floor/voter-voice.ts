/** The voice of voters who were given the floor: what the media server lets them send follows the table `floor_grant`. */
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorScope } from './floor-log.ts'

/** Lets a viewer speak, under this name. */
export async function grantVoice(
  { tx, meeting, now, emit }: FloorScope,
  { name, unit }: { name: string; unit: string },
  identity: string,
): Promise<void> {
  const { count } = await tx.floorGrant.createMany({
    data: [{ meetingId: meeting.id, identity, name, unit, at: now }],
    skipDuplicates: true,
  })
  if (count === 0) return
  emit({ type: 'floor_given', speaker: { identity, name, unit, at: now.toISOString() } })
  await enqueueJob(tx, { kind: 'sync_voice', meetingId: meeting.id, identity })
}

/** Ends it, if it is there. */
export async function withdrawVoice({ tx, meeting, emit }: FloorScope, identity: string): Promise<boolean> {
  const { count } = await tx.floorGrant.deleteMany({ where: { meetingId: meeting.id, identity } })
  if (count === 0) return false
  emit({ type: 'floor_taken', identity })
  await enqueueJob(tx, { kind: 'sync_voice', meetingId: meeting.id, identity })
  return true
}

/**
 * Tells the media server what holds now. Bears being called at any time, twice, and at several portals at once: in this portal one
 * after the other, and whoever finds afterwards that something else holds by now says that, so that the last word is right.
 */
export async function syncVoice(runtime: Runtime, meetingId: string, identity: string): Promise<void> {
  const where = { meetingId_identity: { meetingId, identity } }
  const read = () => runtime.db.floorGrant.findUnique({ where })
  await runtime.queues.run(`voice:${meetingId}:${identity}`, async () => {
    let grant = await read()
    for (;;) {
      await runtime.media.setVoice(meetingId, identity, grant)
      const now = await read()
      if (now?.at.getTime() === grant?.at.getTime()) return
      grant = now
    }
  })
}

/** Right after the commit, because a withdrawn voice must be silent at once; the job is there for when this fails. */
export async function syncVoiceNow(runtime: Runtime, meetingId: string, identity: string): Promise<void> {
  await syncVoice(runtime, meetingId, identity).catch(error =>
    runtime.log.warn({ meetingId, err: error }, 'voice not set at once'),
  )
  runtime.wakeJobs()
}
