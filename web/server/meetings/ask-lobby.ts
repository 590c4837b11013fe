import { newId } from '@diemcau/core/ids.ts'
import { appendToFloor } from '../floor/floor-log.ts'
import { describeRequests } from '../floor/lobby-request.ts'
import type { Runtime } from '../runtime.ts'
import type { JoinCase } from './join-facts.ts'

/**
 * One request a person; asking again (a reload) keeps the place in the queue. Moderators are told again when somebody who had
 * gone is back, or says something else.
 */
export async function askLobby(
  runtime: Runtime,
  { meeting, identity, personName, hall, resembles }: JoinCase,
  asked: { unit: string; isInvited: boolean },
): Promise<string> {
  return await appendToFloor(runtime, meeting.id, async ({ tx, now, emit }) => {
    const where = { meetingId_identity: { meetingId: meeting.id, identity } }
    const existing = await tx.lobbyRequestRow.findUnique({ where })
    const data = {
      name: personName,
      unit: asked.unit,
      claimEndpointId: hall.kind === 'claimed' ? hall.endpoint.id : null,
      invited: asked.isInvited,
      resembles,
    }
    const isSame =
      existing?.status === 'waiting' &&
      existing.name === data.name &&
      existing.unit === data.unit &&
      existing.claimEndpointId === data.claimEndpointId
    if (existing && isSame) {
      // The page is about to open its socket.
      await tx.lobbyRequestRow.update({ where, data: { seenAt: now } })
      return existing.id
    }
    const fresh = {
      ...data,
      status: 'waiting',
      claimConfirmed: false,
      seenAt: now,
      settledAt: null,
      settledById: null,
    }
    const row = await tx.lobbyRequestRow.upsert({
      where,
      create: { id: newId<string>('LR_'), meetingId: meeting.id, identity, at: now, ...fresh },
      update: fresh,
    })
    const [request] = await describeRequests(tx, meeting.id, [row])
    if (request) emit({ type: 'lobby_requested', request })
    return row.id
  })
}
