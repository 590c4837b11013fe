/**
 * Who is told what on the floor: one table over every event. A new event does not compile before it stands here, and
 * docs/security.md prints the table.
 */
import type { FloorEventBody } from '../contracts/floor.ts'
import { isModerator, type MeetingRole } from '../roles.ts'

/** `participants`: all who take part, that is everyone but viewers of the public page. */
export type Audience = 'everyone' | 'participants' | 'moderators'

type EventOf<T extends FloorEventBody['type']> = Extract<FloorEventBody, { type: T }>
interface Rule<T extends FloorEventBody['type']> {
  audience: Audience
  /** Whom it concerns: told too, whatever they are. */
  also?: (event: EventOf<T>) => string | null
}

const rules: { readonly [T in FloorEventBody['type']]: Rule<T> } = {
  chat_sent: { audience: 'participants' },
  hand_raised: { audience: 'participants', also: e => e.hand.identity },
  hand_lowered: { audience: 'participants', also: e => e.identity },
  // Who speaks to all is known to all.
  floor_given: { audience: 'everyone' },
  floor_taken: { audience: 'everyone' },
  speaking_floor: { audience: 'everyone' },
  speaking_turn: { audience: 'participants', also: e => e.turn.identity },
  speaking_turn_gone: { audience: 'participants', also: e => e.identity },
  speaking_place: { audience: 'everyone' },
  question_asked: { audience: 'moderators', also: e => e.question.identity },
  // Its asker is named by whoever emits it: the event itself carries only the question's id.
  question_status: { audience: 'moderators' },
  muted_by_chair: { audience: 'participants', also: e => e.identity },
  unmute_asked: { audience: 'moderators', also: e => e.identity },
  removed: { audience: 'participants', also: e => e.identity },
  locked: { audience: 'participants' },
  passcode_changed: { audience: 'moderators' },
  spotlighted: { audience: 'everyone' },
  options_set: { audience: 'everyone' },
  lobby_requested: { audience: 'moderators' },
  lobby_settled: { audience: 'moderators' },
  recording: { audience: 'everyone' },
  meeting_ended: { audience: 'everyone' },
  meeting_reopened: { audience: 'everyone' },
}

export const floorEventTypes = Object.keys(rules) as FloorEventBody['type'][]

/** Who gets this event, and the one person who gets it beside them. */
export function audienceOf(event: FloorEventBody): { audience: Audience; identity: string | null } {
  const rule = rules[event.type] as Rule<typeof event.type>
  return { audience: rule.audience, identity: rule.also?.(event as never) ?? null }
}

const includes = (audience: Audience, role: MeetingRole): boolean =>
  audience === 'everyone' || isModerator(role) || (audience === 'participants' && role !== 'viewer')

/** Events that this role is told whoever they concern. */
export const eventTypesFor = (role: MeetingRole): FloorEventBody['type'][] =>
  floorEventTypes.filter(type => includes(rules[type].audience, role))
