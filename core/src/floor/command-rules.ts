/** Who may send which command. Pure; the gateway asks before it opens a transaction. */

import type { FloorCommand, MeetingOptions } from '../contracts/floor.ts'
import type { AppErrorCode } from '../errors.ts'
import { isModerator, type MeetingRole } from '../roles.ts'

const moderatorCommands: ReadonlySet<FloorCommand['type']> = new Set<FloorCommand['type']>([
  'question_set_status',
  'mute',
  'mute_all',
  'ask_unmute',
  'remove',
  'change_passcode',
  'lock',
  'spotlight',
  'set_options',
  'lobby_admit',
  'lobby_admit_all',
  'lobby_deny',
  'give_floor',
  'speaking_add',
  'speaking_move',
  'speaking_postpone',
  'speaking_call',
  'speaking_undo',
  'speaking_next',
  'speaking_extend',
  'speaking_mode',
  'speaking_rules',
  'recording_start',
  'recording_stop',
  'end_meeting',
])

/** Reason of refusal, or null when the command may go on. */
export function refuseCommand(
  command: FloorCommand,
  sender: { identity: string; role: MeetingRole },
  meeting: { status: string; recorded: boolean; options: MeetingOptions },
): AppErrorCode | null {
  if (meeting.status === 'ended' || meeting.status === 'cancelled') return 'meeting_over'
  if (isModerator(sender.role)) {
    // Nobody was told beforehand: that is for those who answer for the meeting to decide.
    if (command.type === 'recording_start' && !meeting.recorded && sender.role === 'operator')
      return 'not_recorded'
    if (command.type === 'remove' && command.identity === sender.identity) return 'not_yourself'
    return null
  }
  if (moderatorCommands.has(command.type)) return 'moderators_only'
  const isViewer = sender.role === 'viewer'
  switch (command.type) {
    case 'chat_send':
      if (isViewer) return 'viewers_may_not_chat'
      return meeting.options.chat ? null : 'chat_closed'
    case 'hand_raise':
      return isViewer && !meeting.options.viewersMayRaiseHand ? 'viewers_may_not_raise' : null
    case 'hand_lower':
    case 'take_floor':
      return command.identity !== undefined && command.identity !== sender.identity ? 'moderators_only' : null
    case 'speaking_remove':
    case 'speaking_end':
      // Whose turn it is is known under the lock.
      return null
    case 'question_ask':
      return isViewer && !meeting.options.viewersMayAsk ? 'viewers_may_not_ask' : null
    default:
      return 'moderators_only'
  }
}
