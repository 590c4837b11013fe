/** The door: who waits, who is let in, who is put out, and what keeps others from coming in. */
import { AppError } from '@diemcau/core/errors.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { audit } from '../audit.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { renewHallCode } from '../meetings/change-hall-code.ts'
import { newPasscode } from '../meetings/codes.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorScope } from './floor-log.ts'
import { lowerHand } from './hand-handlers.ts'
import { actorOf, handler } from './handler.ts'
import { takeFloor, withdrawWishes } from './speaking.ts'
import type { Ticket } from './ticket.ts'

/** @param identities everyone who was told something in the lobby. */
interface Settled {
  identities: string[]
  admitted: boolean
}

async function settleLobby(
  { tx, meeting, now, emit }: FloorScope,
  sender: Ticket,
  requestIds: string[],
  answer: { admitted: boolean; confirmClaim: boolean },
): Promise<Settled> {
  const { admitted, confirmClaim } = answer
  const requests = await tx.lobbyRequestRow.findMany({
    where: { id: { in: requestIds }, meetingId: meeting.id, status: 'waiting' },
    orderBy: { at: 'asc' },
  })
  const settled = { settledAt: now, settledById: sender.identity }
  for (const request of requests) {
    const claimConfirmed = admitted && confirmClaim && request.claimEndpointId !== null
    await tx.lobbyRequestRow.update({
      where: { id: request.id },
      data: { ...settled, status: admitted ? 'admitted' : 'denied', claimConfirmed },
    })
    if (request.claimEndpointId !== null)
      await audit(tx, actorOf(sender), {
        action: claimConfirmed ? 'hall.claim_confirmed' : 'hall.claim_refused',
        subject: { type: 'meeting', id: meeting.id },
        detail: { identity: request.identity, name: request.name, endpointId: request.claimEndpointId },
      })
    emit({ type: 'lobby_settled', requestId: request.id, admitted })
  }
  return { identities: requests.map(r => r.identity), admitted }
}

export async function tellLobby(runtime: Runtime, sender: Ticket, done: Settled): Promise<void> {
  for (const identity of done.identities)
    runtime.broadcaster.lobbyResult(sender.meetingId, identity, done.admitted)
}

async function settleOne(
  scope: FloorScope,
  sender: Ticket,
  requestId: string,
  answer: { admitted: boolean; confirmClaim: boolean },
): Promise<Settled> {
  const done = await settleLobby(scope, sender, [requestId], answer)
  if (done.identities.length === 0) throw new AppError('already_settled', 'lobby request is not waiting')
  return done
}

async function setLocked({ tx, meeting, emit }: FloorScope, locked: boolean): Promise<void> {
  if (meeting.locked === locked) return
  await tx.meeting.update({ where: { id: meeting.id }, data: { locked } })
  emit({ type: 'locked', locked })
}

/**
 * A new code is for newcomers. Those who are in stay; guests who wait at the door with the old one are asked for the new one:
 * the right to wait came from the code.
 */
async function changePasscode(scope: FloorScope, sender: Ticket): Promise<string[]> {
  const { tx, meeting, emit } = scope
  const passcode = newPasscode()
  await tx.meeting.update({ where: { id: meeting.id }, data: { passcode } })
  emit({ type: 'passcode_changed', passcode })
  await audit(tx, actorOf(sender), {
    action: 'meeting.passcode_changed',
    subject: { type: 'meeting', id: meeting.id },
  })
  const waiting = await tx.lobbyRequestRow.findMany({
    where: { meetingId: meeting.id, status: 'waiting', invited: false, identity: { startsWith: 'guest:' } },
  })
  await tx.lobbyRequestRow.updateMany({
    where: { id: { in: waiting.map(r => r.id) } },
    data: { status: 'left' },
  })
  for (const request of waiting) emit({ type: 'lobby_settled', requestId: request.id, admitted: false })
  return waiting.map(r => r.identity)
}

/** Who spoke for a hall and was put out must not come back as that hall by its old code or this browser. */
async function forgetHall({ tx }: FloorScope, endpointId: string | null, by: string | null): Promise<void> {
  if (endpointId === null || by === 'account') return
  const endpoint = await tx.meetingEndpoint.findUnique({ where: { id: endpointId } })
  if (endpoint) await renewHallCode(tx, endpoint)
}

const disconnectAll = (runtime: Runtime, sender: Ticket, identities: readonly string[]): void => {
  for (const identity of identities) runtime.broadcaster.disconnect(sender.meetingId, identity)
}

export const doorCommands = {
  remove: handler('remove', {
    async apply(scope, sender, { identity, reason, lock, newPasscode: isNewPasscode }) {
      const { tx, meeting, now, emit } = scope
      const key = { meetingId: meeting.id, identity }
      const who = await tx.meetingParticipant.findUnique({ where: { meetingId_identity: key } })
      // Moderators are put out by ending their role in the portal, not by one another in the heat of a sitting.
      if (who && isModerator(who.role as MeetingRole))
        throw new AppError('forbidden', 'a moderator is not removed')
      const data = {
        byId: sender.identity,
        reason: reason ?? '',
        at: now,
        name: who?.name ?? '',
        // People of one account's hall share a network with it; only a stranger is looked for by it.
        network: who && who.userId === null ? who.network : '',
      }
      await tx.removedIdentity.upsert({
        where: { meetingId_identity: key },
        create: { ...key, ...data },
        update: data,
      })
      await lowerHand(scope, identity)
      await withdrawWishes(scope, sender.name, identity, { isHandOnly: false })
      await takeFloor(scope, sender.name, identity)
      if (meeting.spotlight === identity) {
        await tx.meeting.update({ where: { id: meeting.id }, data: { spotlight: null } })
        emit({ type: 'spotlighted', identity: null })
      }
      await forgetHall(scope, who?.endpointId ?? null, who?.endpointBy ?? null)
      emit({ type: 'removed', identity, by: sender.name })
      if (lock) await setLocked(scope, true)
      const askedAgain = isNewPasscode ? await changePasscode(scope, sender) : []
      await audit(tx, actorOf(sender), {
        action: 'participant.removed',
        subject: { type: 'meeting', id: meeting.id },
        detail: { identity, reason: reason ?? '' },
      })
      await enqueueJob(tx, { kind: 'remove_participant', meetingId: meeting.id, identity })
      return [identity, ...askedAgain]
    },
    async after(runtime, sender, identities) {
      runtime.wakeJobs()
      disconnectAll(runtime, sender, identities)
    },
  }),
  change_passcode: handler('change_passcode', {
    apply: (scope, sender) => changePasscode(scope, sender),
    after: async (runtime, sender, identities) => disconnectAll(runtime, sender, identities),
  }),
  lock: handler('lock', { apply: (scope, _sender, { locked }) => setLocked(scope, locked) }),
  lobby_admit: handler('lobby_admit', {
    apply: (scope, sender, { requestId, confirmClaim }) =>
      settleOne(scope, sender, requestId, { admitted: true, confirmClaim: confirmClaim ?? false }),
    after: tellLobby,
  }),
  lobby_deny: handler('lobby_deny', {
    apply: (scope, sender, { requestId }) =>
      settleOne(scope, sender, requestId, { admitted: false, confirmClaim: false }),
    after: tellLobby,
  }),
  lobby_admit_all: handler('lobby_admit_all', {
    async apply(scope, sender) {
      const waiting = await scope.tx.lobbyRequestRow.findMany({
        where: { meetingId: scope.meeting.id, status: 'waiting', claimEndpointId: null, resembles: null },
        select: { id: true },
      })
      return await settleLobby(
        scope,
        sender,
        waiting.map(r => r.id),
        { admitted: true, confirmClaim: false },
      )
    },
    after: tellLobby,
  }),
}
