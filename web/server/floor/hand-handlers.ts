/** Commands about who asks to speak, and which viewer may. */

import { isViewerIdentity } from '@diemcau/core/contracts/participant.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { FloorScope } from './floor-log.ts'
import { handler } from './handler.ts'
import { actOnList, followSpeakers, giveFloor, newTurn, takeFloor, withdrawWishes } from './speaking.ts'

/**
 * With its place on the speaking list. With `awaySince`: only when its owner has been away since that very time, and then a hall
 * whose link is away keeps its place.
 */
export async function lowerHand(scope: FloorScope, identity: string, awaySince?: Date): Promise<void> {
  const { tx, meeting, emit } = scope
  const where = { meetingId: meeting.id, identity, ...(awaySince ? { awaySince } : {}) }
  const { count } = await tx.raisedHandRow.deleteMany({ where })
  if (count > 0) emit({ type: 'hand_lowered', identity })
  if (awaySince && (count === 0 || !isViewerIdentity(identity))) return
  await withdrawWishes(scope, '', identity, { isHandOnly: true })
}

export const handHandlers = {
  hand_raise: handler('hand_raise', {
    async apply(scope, sender, command) {
      const { tx, meeting, now, emit } = scope
      const isViewer = sender.role === 'viewer'
      const name = (isViewer && command.name) || sender.name
      if (name === '') throw new AppError('name_required', 'a raised hand has a name')
      const hand = { identity: sender.identity, name, unit: (isViewer && command.unit) || '' }
      const key = { meetingId: meeting.id, identity: sender.identity }
      if (await tx.floorGrant.findUnique({ where: { meetingId_identity: key } })) return
      const { topic = '' } = command
      await actOnList(scope, name, {
        type: 'add',
        turn: newTurn(scope, { ...hand, topic, isFromHand: true }),
      })
      const { count } = await tx.raisedHandRow.createMany({
        data: [{ ...hand, meetingId: meeting.id, at: now }],
        skipDuplicates: true,
      })
      if (count > 0) emit({ type: 'hand_raised', hand: { ...hand, at: now.toISOString() } })
    },
  }),
  hand_lower: handler('hand_lower', {
    apply: (scope, sender, command) => lowerHand(scope, command.identity ?? sender.identity),
  }),
  give_floor: handler('give_floor', {
    apply: (scope, sender, { identity }) => giveFloor(scope, sender.name, identity),
    after: (runtime, sender, followed) => followSpeakers(runtime, sender.meetingId, followed),
  }),
  take_floor: handler('take_floor', {
    apply: (scope, sender, command) => takeFloor(scope, sender.name, command.identity ?? sender.identity),
    after: (runtime, sender, followed) => followSpeakers(runtime, sender.meetingId, followed),
  }),
}
