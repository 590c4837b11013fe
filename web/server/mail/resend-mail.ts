import { AppError } from '@diemcau/core/errors.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { audit } from '../audit.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { assertMayReadOutbox } from './list-mails.ts'

/** A job that waits for its next try is the one that tries now: a mail never has two. */
async function tryNow(tx: Tx, mailId: string): Promise<void> {
  const { count } = await tx.job.updateMany({
    where: { kind: 'send_mail', status: 'queued', payload: { path: ['mailId'], equals: mailId } },
    data: { runAt: new Date(), attempts: 0 },
  })
  if (count === 0) await enqueueJob(tx, { kind: 'send_mail', mailId })
  await tx.mail.update({ where: { id: mailId }, data: { status: 'pending', error: null } })
}

/**
 * Sends a mail that failed, or was kept for want of a mail server, once more. Resolves to how many will be tried.
 *
 * @param id null: all that failed
 * @throws AppError `forbidden`, `not_found`; `already_settled` for a mail that was sent
 */
export async function resendMail(actor: Actor, id: string | null): Promise<number> {
  assertMayReadOutbox(actor)
  const runtime = getRuntime()
  const count = await runtime.db.$transaction(async tx => {
    if (id !== null) {
      const mail = await tx.mail.findUnique({ where: { id }, select: { status: true } })
      if (!mail) throw new AppError('not_found', `no mail ${id}`)
      if (mail.status === 'sent') throw new AppError('already_settled', 'the mail was sent')
    }
    const where = id === null ? { status: 'failed' } : { id }
    const mails = await tx.mail.findMany({ where, select: { id: true }, take: 500 })
    for (const mail of mails) await tryNow(tx, mail.id)
    const subject = { type: 'mail', id: id ?? 'failed' }
    if (mails.length > 0)
      await audit(tx, actor, { action: 'mail.resent', subject, detail: { count: mails.length } })
    return mails.length
  })
  runtime.wakeJobs()
  return count
}
