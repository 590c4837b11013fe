import type { FloorCommand } from '@diemcau/core/contracts/floor.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorScope } from './floor-log.ts'
import type { Ticket } from './ticket.ts'

export type CommandOf<T extends FloorCommand['type']> = Extract<FloorCommand, { type: T }>

/**
 * What one floor command does. `before` reaches the media side ahead of the transaction, so that nothing is announced
 * that did not happen; `apply` is the transaction; `after` runs once it is committed. What must happen even when this
 * process dies right after the commit is a job, not an `after`.
 */
export interface Handler<T extends FloorCommand['type'], Ahead = unknown, Done = unknown> {
  before?(runtime: Runtime, sender: Ticket, command: CommandOf<T>): Promise<Ahead>
  apply(scope: FloorScope, sender: Ticket, command: CommandOf<T>, ahead: Ahead): Promise<Done>
  after?(runtime: Runtime, sender: Ticket, done: Done): Promise<void>
}

/** Who does it, for the audit. */
export const actorOf = (sender: Ticket) => ({ userId: sender.userId, name: sender.name })

/** Keeps the types of one handler together; the table of handlers forgets them. */
export const handler = <T extends FloorCommand['type'], Ahead, Done>(_type: T, h: Handler<T, Ahead, Done>) =>
  h as unknown as Handler<T>
