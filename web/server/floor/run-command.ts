import { type CommandResult, type FloorCommand, floorCommand } from '@diemcau/core/contracts/floor.ts'
import { AppError, type AppErrorCode, codeOf, messageFor } from '@diemcau/core/errors.ts'
import { refuseCommand } from '@diemcau/core/floor/command-rules.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { auditRefusal } from '../audit.ts'
import { isDatabaseAway } from '../database-away.ts'
import type { Runtime } from '../runtime.ts'
import { commandHandlers } from './command-handlers.ts'
import { ticketFault } from './end-rights.ts'
import { appendToFloor, type FloorScope, type LockedMeeting } from './floor-log.ts'
import { optionsOf } from './floor-snapshot.ts'
import type { Ticket } from './ticket.ts'

/** A database that restarts is waited for so long: a page sends again what is not answered, and nobody reads of a failure. */
const AWAY_LIMIT_MS = 8_000

/**
 * Runs one command of a participant: one transaction, then the broadcast. Never throws: the answer is the socket's
 * acknowledgement. The receipt is written in the same transaction, so that a command that comes again, on whatever
 * connection, answers `ok` and does nothing.
 */
export async function runCommand(runtime: Runtime, sender: Ticket, raw: unknown): Promise<CommandResult> {
  const parsed = floorCommand.safeParse(raw)
  if (!parsed.success) return failure('invalid_command', 'the command does not match the contract')
  try {
    return await execute(runtime, sender, parsed.data)
  } catch (caught) {
    const error = isDatabaseAway(caught)
      ? new AppError('unavailable', 'the database is away', { cause: caught })
      : caught
    const code = codeOf(error)
    const level = ['internal', 'unavailable', 'media_unavailable'].includes(code) ? 'error' : 'info'
    runtime.log[level](
      { meetingId: sender.meetingId, command: parsed.data.type, code, err: error },
      'floor command failed',
    )
    await auditRefusal(runtime, byOf(sender), error, { type: 'meeting', id: sender.meetingId })
    return failure(code, messageFor(error))
  }
}

/** A guest has no account: his identity tells one from another. */
const byOf = ({ userId, identity, name }: Ticket) => ({ userId, name: `${name} (${identity})` })

interface Failure {
  ok: false
  code: AppErrorCode
  message: string
}
const failure = (code: AppErrorCode, message: string): Failure => ({ ok: false, code, message })

async function execute(runtime: Runtime, sender: Ticket, command: FloorCommand): Promise<CommandResult> {
  const againUntil = performance.now() + AWAY_LIMIT_MS
  const { meetingId, identity } = sender
  const receiptKey = { meetingId, identity, commandId: command.commandId }
  const where = { meetingId_identity_commandId: receiptKey }
  // Each handler takes the command of its own type; the table is indexed by that very type.
  const handler = commandHandlers[command.type]
  let ahead: unknown
  if (handler.before) {
    // Nothing reaches the media server for a command that was done before or is not allowed.
    if (await runtime.db.commandReceipt.findUnique({ where })) return { ok: true }
    const meeting = await runtime.db.meeting.findUnique({ where: { id: meetingId } })
    const refused = meeting && check(command, sender, meeting)
    if (refused) throw new AppError(refused.code, refused.message)
    await assertStillValid(runtime.db, sender)
    ahead = await handler.before(runtime, sender, command as never)
  }
  const apply = async (scope: FloorScope) => {
    // Under the lock: the same command may have come twice at once, and the meeting may have changed meanwhile.
    // The receipt goes in first; a command that fails takes it back with the rest of the transaction.
    const receipt = { ...receiptKey, result: { ok: true } }
    const { count } = await scope.tx.commandReceipt.createMany({ data: [receipt], skipDuplicates: true })
    if (count === 0) return { repeated: true as const }
    const late = check(command, sender, scope.meeting)
    if (late) throw new AppError(late.code, late.message)
    await assertStillValid(scope.tx, sender)
    const done = await handler.apply(scope, sender, command as never, ahead)
    return { repeated: false as const, done }
  }
  const outcome = await appendToFloor(runtime, meetingId, apply, { againUntil })
  if (!outcome.repeated) await handler.after?.(runtime, sender, outcome.done)
  return { ok: true }
}

/** A socket may outlive what its ticket says: the account was disabled, somebody else chairs now. */
async function assertStillValid(tx: Tx, sender: Ticket): Promise<void> {
  const fault = await ticketFault(tx, sender)
  if (fault) throw new AppError('forbidden', `the ticket does not hold any more: ${fault}`)
}

function check(command: FloorCommand, sender: Ticket, meeting: LockedMeeting): Failure | null {
  const code = refuseCommand(command, sender, {
    status: meeting.status,
    recorded: meeting.recorded,
    options: optionsOf(meeting),
  })
  return code ? failure(code, 'the command is not allowed') : null
}
