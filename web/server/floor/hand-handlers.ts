/** Commands about who asks to speak, and which viewer may. */
import { AppError } from '@diemcau/core/errors.ts'
import type { FloorScope } from './floor-log.ts'
import { handler } from './handler.ts'
import { giveFloor, syncVoiceNow, takeFloor } from './voter-voice.ts'

/** With `awaySince`: only when its owner has been away since that very time. */
export async function lowerHand(
  { tx, meeting, emit }: FloorScope,
  identity: string,
  awaySince?: Date,
): Promise<void> {
  const where = { meetingId: meeting.id, identity, ...(awaySince ? { awaySince } : {}) }
  const { count } = await tx.raisedHandRow.deleteMany({ where })
  if (count > 0) emit({ type: 'hand_lowered', identity })
}

export const handHandlers = {
  hand_raise: handler('hand_raise', {
    async apply({ tx, meeting, now, emit }, sender, command) {
      const isViewer = sender.role === 'viewer'
      const name = (isViewer && command.name) || sender.name
      if (name === '') throw new AppError('name_required', 'a raised hand has a name')
      const hand = { identity: sender.identity, name, unit: (isViewer && command.unit) || '' }
      const key = { meetingId: meeting.id, identity: sender.identity }
      if (await tx.floorGrant.findUnique({ where: { meetingId_identity: key } })) return
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
    async apply(scope, _sender, { identity }) {
      await giveFloor(scope, identity)
      return identity
    },
    after: (runtime, sender, identity) => syncVoiceNow(runtime, sender.meetingId, identity),
  }),
  take_floor: handler('take_floor', {
    async apply(scope, sender, command) {
      const identity = command.identity ?? sender.identity
      await takeFloor(scope, identity)
      return identity
    },
    after: (runtime, sender, identity) => syncVoiceNow(runtime, sender.meetingId, identity),
  }),
}
