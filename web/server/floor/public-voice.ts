/**
 * How much the public may say. An identity costs nothing on the public page, so that questions and hands count by network and by
 * meeting; whoever was let in by account is limited by person alone.
 */

import type { FloorCommand } from '@diemcau/core/contracts/floor.ts'
import { KeyedLimit } from '@diemcau/core/keyed-limit.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { Ticket } from './ticket.ts'

/** A hall of voters behind one address fits: thirty at once, then one in two seconds. */
const NETWORK = { burst: 30, perS: 0.5 }
/** What moderators could still read: many networks together. */
const MEETING = { burst: 200, perS: 2 }

const publicCommands: readonly FloorCommand['type'][] = [
  'question_ask',
  'hand_raise',
  'hand_lower',
  'speaking_remove',
  'speaking_end',
  'chat_send',
]

export class PublicVoice {
  readonly #networks = new KeyedLimit(NETWORK.burst, NETWORK.perS)
  readonly #meetings = new KeyedLimit(MEETING.burst, MEETING.perS)

  /** False when this network, or the public of this meeting altogether, has said enough for now. */
  take(ticket: Ticket, network: string, command: unknown): boolean {
    const type = (command as { type?: unknown } | null)?.type as FloorCommand['type']
    if (ticket.userId !== null || isModerator(ticket.role) || !publicCommands.includes(type)) return true
    return this.#networks.take(`${ticket.meetingId} ${network}`) && this.#meetings.take(ticket.meetingId)
  }
}
