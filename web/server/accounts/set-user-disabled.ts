import { AppError } from '@diemcau/core/errors.ts'
import { audit } from '../audit.ts'
import { rightsChanged } from '../floor/end-rights.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { assertMayAdminister } from './list-users.ts'

/** A disabled account keeps its history; its sessions end at once, and so does its place in meetings under way. */
export async function setUserDisabled(actor: Actor, userId: string, disabled: boolean): Promise<void> {
  assertMayAdminister(actor)
  if (userId === actor.userId)
    throw new AppError('not_yourself', 'an administrator does not disable themselves')
  const runtime = getRuntime()
  await runtime.db.$transaction(async tx => {
    const { count } = await tx.user.updateMany({
      where: { id: userId },
      data: { disabledAt: disabled ? new Date() : null },
    })
    if (count === 0) throw new AppError('not_found', `no user ${userId}`)
    if (disabled) {
      await tx.session.deleteMany({ where: { userId } })
      await rightsChanged(tx, { userId })
    }
    await audit(tx, actor, {
      action: disabled ? 'account.disabled' : 'account.enabled',
      subject: { type: 'user', id: userId },
    })
  })
  runtime.wakeJobs()
}
