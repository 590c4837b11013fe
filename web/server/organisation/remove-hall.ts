import { AppError } from '@diemcau/core/errors.ts'
import { assertMayAdminister } from '../accounts/list-users.ts'
import { audit } from '../audit.ts'
import { rightsChanged } from '../floor/end-rights.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/** Closes a hall from today: it is offered no more, and old meetings keep it. */
export async function removeHall(actor: Actor, hallId: string): Promise<void> {
  assertMayAdminister(actor)
  const runtime = getRuntime()
  await runtime.db.$transaction(async tx => {
    const { count } = await tx.hall.updateMany({
      where: { id: hallId, validTo: null },
      data: { validTo: new Date() },
    })
    if (count === 0) throw new AppError('not_found', `no hall ${hallId}`)
    // Who spoke for it in meetings that are not over does so no longer: its accounts, its devices, whoever has its code.
    const seated = await tx.user.findMany({ where: { hallId }, select: { id: true } })
    await tx.user.updateMany({ where: { hallId }, data: { hallId: null } })
    await tx.hallDevice.deleteMany({ where: { hallId } })
    for (const { id } of seated) await rightsChanged(tx, { userId: id })
    await rightsChanged(tx, { hallId })
    await audit(tx, actor, { action: 'hall.removed', subject: { type: 'hall', id: hallId } })
  })
  runtime.wakeJobs()
}
