import { AppError } from '@diemcau/core/errors.ts'
import { assertMayAdminister } from '../accounts/list-users.ts'
import { audit } from '../audit.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/** Closes a hall from today: it is offered no more, and old meetings keep it. */
export async function removeHall(actor: Actor, hallId: string): Promise<void> {
  assertMayAdminister(actor)
  await getRuntime().db.$transaction(async tx => {
    const { count } = await tx.hall.updateMany({
      where: { id: hallId, validTo: null },
      data: { validTo: new Date() },
    })
    if (count === 0) throw new AppError('not_found', `no hall ${hallId}`)
    await tx.user.updateMany({ where: { hallId }, data: { hallId: null } })
    await audit(tx, actor, { action: 'hall.removed', subject: { type: 'hall', id: hallId } })
  })
}
