import { newId } from '@diemcau/core/ids.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'

export interface AuditInput {
  /** `area.verb`, past tense: `attendance.read`. */
  action: string
  subject: { type: string; id: string }
  detail?: Prisma.InputJsonObject
}

/** Writes an audit row in the caller's transaction, so that neither exists without the other. */
export async function audit(
  tx: Tx,
  by: { userId: string | null; name: string },
  input: AuditInput,
): Promise<void> {
  await tx.auditEntry.create({
    data: {
      id: newId('AU_'),
      actorId: by.userId,
      actorName: by.name,
      action: input.action,
      subjectType: input.subject.type,
      subjectId: input.subject.id,
      detail: input.detail ?? {},
    },
  })
}
