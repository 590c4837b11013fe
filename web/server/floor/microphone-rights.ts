/** Who may open a microphone now, and the media server's enforcement of it. */
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import type { Runtime } from '../runtime.ts'

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
