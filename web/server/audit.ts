import { codeOf, kindOfCode, messageFor } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { networkOf } from '@diemcau/core/net/network-of.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { currentPlace } from './http/request-place.ts'
import type { Runtime } from './runtime.ts'

export interface AuditInput {
  /** `area.verb`, past tense: `attendance.read`. */
  action: string
  subject: { type: string; id: string }
  detail?: Prisma.InputJsonObject
  /** `refused`: was not allowed; `failed`: did not work. */
  result?: 'done' | 'refused' | 'failed'
  /** Where it is known otherwise than by the request under way. */
  ip?: string
}

interface By {
  userId: string | null
  name: string
}

/** Writes an audit row in the caller's transaction, so that neither exists without the other. */
export async function audit(tx: Tx, by: By, input: AuditInput): Promise<void> {
  await tx.auditEntry.create({
    data: {
      id: newId('AU_'),
      actorId: by.userId,
      actorName: by.name,
      action: input.action,
      subjectType: input.subject.type,
      subjectId: input.subject.id,
      detail: input.detail ?? {},
      ip: input.ip ?? currentPlace().ip,
      result: input.result ?? 'done',
    },
  })
}

/**
 * Writes down that somebody asked for what he may not have. Nothing is written for other errors, and of one account or
 * network only so many a minute: who is refused could otherwise fill the table by knocking. Never throws: the answer to the
 * person does not hang on it.
 */
export async function auditRefusal(
  runtime: Runtime,
  by: By,
  error: unknown,
  subject?: AuditInput['subject'],
): Promise<void> {
  const code = codeOf(error)
  if (kindOfCode(code) !== 'permission_denied' && kindOfCode(code) !== 'unauthenticated') return
  const { ip, path } = currentPlace()
  if (!runtime.refusals.take(by.userId ?? networkOf(ip))) return
  try {
    await audit(runtime.db, by, {
      action: 'access.refused',
      subject: subject ?? { type: 'path', id: path },
      detail: { code, reason: messageFor(error).slice(0, 200) },
      result: 'refused',
    })
  } catch (failed) {
    runtime.log.error({ err: failed, code }, 'a refusal could not be written down')
  }
}
