/** Microphones: closing them, keeping them closed, and asking somebody to speak. */
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorScope } from './floor-log.ts'
import { optionsOf } from './floor-snapshot.ts'
import { handler } from './handler.ts'

/** Holding or releasing them all: whoever was let speak before asks anew. The media side follows by a job. */
async function holdMicrophones({ tx, meeting, emit }: FloorScope, microphonesHeld: boolean): Promise<void> {
  await tx.meetingParticipant.updateMany({
    where: { meetingId: meeting.id, mayUnmute: true },
    data: { mayUnmute: false },
  })
  if (meeting.microphonesHeld !== microphonesHeld) {
    const updated = await tx.meeting.update({ where: { id: meeting.id }, data: { microphonesHeld } })
    emit({ type: 'options_set', options: optionsOf(updated) })
  }
  await enqueueJob(tx, { kind: 'apply_microphones', meetingId: meeting.id })
}

/**
 * Job: what the media server lets each one publish follows what the chair decided. Enforced there, so that a page of somebody
 * else's making cannot open a microphone either. Another portal may be at the same: whoever finds afterwards that something else
 * holds by now says that, so that the last word is right.
 */
export async function applyMicrophones(runtime: Runtime, meetingId: string): Promise<void> {
  let held = await heldMicrophones(runtime, meetingId)
  for (;;) {
    await runtime.media.holdMicrophones(meetingId, held)
    const now = await heldMicrophones(runtime, meetingId)
    if (now.size === held.size && [...now].every(identity => held.has(identity))) return
    held = now
  }
}

/** Who may not open theirs now. */
async function heldMicrophones({ db }: Runtime, meetingId: string): Promise<Set<string>> {
  const meeting = await db.meeting.findUnique({ where: { id: meetingId } })
  if (!meeting?.microphonesHeld) return new Set()
  const rows = await db.meetingParticipant.findMany({
    where: { meetingId, mayUnmute: false, role: { not: 'viewer' } },
    select: { identity: true, role: true },
  })
  return new Set(rows.filter(row => !isModerator(row.role as MeetingRole)).map(row => row.identity))
}

export const microphoneCommands = {
  mute: handler('mute', {
    before: (runtime, sender, command) =>
      runtime.media.mute(sender.meetingId, command.identity, command.source),
    async apply({ tx, meeting, emit }, sender, { identity, source }, wasOpen) {
      if (wasOpen) emit({ type: 'muted_by_chair', identity, source, by: sender.name })
      if (source !== 'microphone' || !meeting.microphonesHeld) return
      const { count } = await tx.meetingParticipant.updateMany({
        where: { meetingId: meeting.id, identity, mayUnmute: true },
        data: { mayUnmute: false },
      })
      if (count > 0) await enqueueJob(tx, { kind: 'apply_microphones', meetingId: meeting.id })
    },
    after: async runtime => runtime.wakeJobs(),
  }),
  mute_all: handler('mute_all', {
    async before(runtime, sender) {
      const moderators = await runtime.db.meetingParticipant.findMany({
        where: { meetingId: sender.meetingId, role: { in: ['chair', 'secretary', 'operator'] } },
        select: { identity: true },
      })
      return await runtime.media.muteAll(sender.meetingId, new Set(moderators.map(m => m.identity)))
    },
    async apply(scope, sender, { hold }, count) {
      if (count > 0)
        scope.emit({ type: 'muted_by_chair', identity: null, source: 'microphone', by: sender.name })
      if (hold) await holdMicrophones(scope, true)
    },
    after: async runtime => runtime.wakeJobs(),
  }),
  ask_unmute: handler('ask_unmute', {
    /** While microphones are held the permission comes first: whoever says yes must not be refused. */
    async before(runtime, sender, { identity }) {
      const meeting = await runtime.db.meeting.findUnique({ where: { id: sender.meetingId } })
      if (meeting?.microphonesHeld) await runtime.media.releaseMicrophone(sender.meetingId, identity)
    },
    async apply({ tx, meeting, emit }, sender, { identity }) {
      if (meeting.microphonesHeld)
        await tx.meetingParticipant.updateMany({
          where: { meetingId: meeting.id, identity },
          data: { mayUnmute: true },
        })
      emit({ type: 'unmute_asked', identity, by: sender.name })
    },
  }),
  set_options: handler('set_options', {
    async apply(scope, _sender, { chat, viewersMayRaiseHand, viewersMayAsk, microphonesHeld }) {
      const { tx, meeting, emit } = scope
      if (microphonesHeld !== undefined) await holdMicrophones(scope, microphonesHeld)
      if (chat === undefined && viewersMayRaiseHand === undefined && viewersMayAsk === undefined) return
      const updated = await tx.meeting.update({
        where: { id: meeting.id },
        data: { chat, viewersMayRaiseHand, viewersMayAsk },
      })
      emit({ type: 'options_set', options: optionsOf(updated) })
    },
    after: async runtime => runtime.wakeJobs(),
  }),
}
