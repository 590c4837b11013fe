/** What moderators press on the speaking list, and what people withdraw of their own. */
import type { FloorCommand } from '@diemcau/core/contracts/floor.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { SpeakingAct } from '@diemcau/core/floor/speaking-machine.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { FloorScope } from './floor-log.ts'
import { type CommandOf, handler } from './handler.ts'
import { actOnList, type Followed, followSpeakers, newTurn, setFloorMode } from './speaking.ts'
import type { Ticket } from './ticket.ts'

/** Own turns only, but for moderators. */
async function assertMay({ tx, meeting }: FloorScope, sender: Ticket, turnId: string): Promise<void> {
  if (isModerator(sender.role)) return
  const turn = await tx.speakingTurnRow.findFirst({ where: { id: turnId, meetingId: meeting.id } })
  if (turn?.identity !== sender.identity)
    throw new AppError('moderators_only', 'the turn is of somebody else')
}

/** One act on the list, and the media server right after it. */
const acting = <T extends FloorCommand['type']>(type: T, actOf: (command: CommandOf<T>) => SpeakingAct) =>
  handler<T, unknown, Followed>(type, {
    apply: (scope, sender, command) => actOnList(scope, sender.name, actOf(command)),
    after: (runtime, sender, followed) => followSpeakers(runtime, sender.meetingId, followed),
  })

export const speakingCommands = {
  speaking_add: handler('speaking_add', {
    async apply(scope, sender, { identity, name, unit, topic }) {
      const { tx, meeting } = scope
      const key = { meetingId: meeting.id, identity: identity ?? '' }
      const who = await tx.meetingParticipant.findUnique({ where: { meetingId_identity: key } })
      if (identity !== undefined && !who)
        throw new AppError('not_found', 'nobody of that identity is in the meeting')
      const shown = name || who?.displayName || who?.name
      if (!shown) throw new AppError('name_required', 'whoever is put on the list has a name')
      const turn = newTurn(scope, {
        identity: identity ?? null,
        name: shown,
        unit: unit ?? '',
        topic: topic ?? '',
        addedBy: sender.name,
      })
      await actOnList(scope, sender.name, { type: 'add', turn })
    },
  }),
  speaking_remove: handler('speaking_remove', {
    async apply(scope, sender, { turnId }) {
      await assertMay(scope, sender, turnId)
      return await actOnList(scope, sender.name, { type: 'remove', turnId })
    },
  }),
  speaking_end: handler('speaking_end', {
    async apply(scope, sender, { turnId }) {
      await assertMay(scope, sender, turnId)
      return await actOnList(scope, sender.name, { type: 'end', turnId })
    },
    after: (runtime, sender, followed) => followSpeakers(runtime, sender.meetingId, followed),
  }),
  speaking_move: acting('speaking_move', ({ turnId, beforeId }) => ({ type: 'move', turnId, beforeId })),
  speaking_postpone: acting('speaking_postpone', ({ turnId, isPostponed }) => ({
    type: 'postpone',
    turnId,
    isPostponed,
  })),
  speaking_call: acting('speaking_call', ({ turnId, speaking }) => ({ type: 'call', turnId, speaking })),
  speaking_undo: acting('speaking_undo', ({ turnId }) => ({ type: 'undo_call', turnId })),
  speaking_next: acting('speaking_next', ({ turnId }) => ({ type: 'name_next', turnId })),
  speaking_extend: acting('speaking_extend', ({ turnId, seconds }) => ({ type: 'extend', turnId, seconds })),
  speaking_rules: acting('speaking_rules', ({ limitS, isUnspokenFirst }) => ({
    type: 'set_rules',
    limitS,
    isUnspokenFirst,
  })),
  speaking_mode: handler('speaking_mode', {
    apply: (scope, sender, { mode }) => setFloorMode(scope, sender.name, mode),
    async after(runtime, sender, followed) {
      await followSpeakers(runtime, sender.meetingId, followed)
    },
  }),
}
