/** Microphones: closing them, keeping them closed, and asking somebody to speak. */
import type { FloorMode } from '@diemcau/core/floor/speaking-list.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { FloorScope } from './floor-log.ts'
import { optionsOf } from './floor-snapshot.ts'
import { handler } from './handler.ts'
import { callPerson, type Followed, followSpeakers, setFloorMode } from './speaking.ts'

/** Holding is leading the floor by permission; how many may speak at a time stays as it is led. */
const holdMicrophones = (scope: FloorScope, by: string, isHeld: boolean): Promise<Followed> => {
  const mode = scope.meeting.floorMode as FloorMode
  return setFloorMode(scope, by, isHeld ? (mode === 'free' ? 'several' : mode) : 'free')
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
      if (hold) await holdMicrophones(scope, sender.name, true)
    },
    after: async runtime => runtime.wakeJobs(),
  }),
  ask_unmute: handler('ask_unmute', {
    /** While microphones are held the permission comes first: whoever says yes must not be refused. */
    async before(runtime, sender, { identity }) {
      const meeting = await runtime.db.meeting.findUnique({ where: { id: sender.meetingId } })
      if (meeting?.microphonesHeld) await runtime.media.releaseMicrophone(sender.meetingId, identity)
    },
    async apply(scope, sender, { identity }) {
      const { tx, meeting, emit } = scope
      const where = { meetingId_identity: { meetingId: meeting.id, identity } }
      const who = await tx.meetingParticipant.findUnique({ where })
      // Where one speaks at a time, letting somebody speak is calling them.
      if (meeting.floorMode === 'one' && who && !isModerator(who.role as MeetingRole)) {
        const { displayName, name } = who
        return await callPerson(scope, sender.name, { identity, name: displayName || name, unit: '' })
      }
      if (meeting.microphonesHeld)
        await tx.meetingParticipant.updateMany({
          where: { meetingId: meeting.id, identity },
          data: { mayUnmute: true },
        })
      emit({ type: 'unmute_asked', identity, by: sender.name })
      return null
    },
    async after(runtime, sender, followed) {
      if (followed) await followSpeakers(runtime, sender.meetingId, followed)
    },
  }),
  set_options: handler('set_options', {
    async apply(scope, sender, { chat, viewersMayRaiseHand, viewersMayAsk, microphonesHeld }) {
      const { tx, meeting, emit } = scope
      if (microphonesHeld !== undefined) await holdMicrophones(scope, sender.name, microphonesHeld)
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
