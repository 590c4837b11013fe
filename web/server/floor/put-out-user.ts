import type { Tx } from '@diemcau/prisma/client.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'

/** Where this account was let in, in meetings that are not over. */
async function placesOf(tx: Tx, userId: string): Promise<{ meetingId: string; identity: string }[]> {
  return await tx.meetingParticipant.findMany({
    where: { userId, meeting: { status: { in: ['scheduled', 'live'] } } },
    select: { meetingId: true, identity: true },
  })
}

/** In the caller's transaction: the account's media connections are ended by jobs. */
export async function putOutOfRooms(tx: Tx, userId: string): Promise<void> {
  for (const place of await placesOf(tx, userId))
    await enqueueJob(tx, { kind: 'remove_participant', ...place })
}

/** After the commit: the account's sockets are closed; whoever comes back is judged by what holds now. */
export async function closeSockets(runtime: Runtime, userIds: readonly string[]): Promise<void> {
  for (const userId of userIds)
    for (const { meetingId, identity } of await placesOf(runtime.db, userId))
      runtime.broadcaster.disconnect(meetingId, identity)
}
