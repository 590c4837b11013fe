'use server'
import { revalidatePath } from 'next/cache'
import { resendMail } from '../../../server/mail/resend-mail.ts'
import { faultOf, idArgument } from '../../action-guard.ts'

/** Tries one mail again, or all that failed; resolves to the text of what went wrong, or undefined. */
export async function resend(mailId: string | null): Promise<string | undefined> {
  const fault = await faultOf(async actor => resendMail(actor, mailId === null ? null : idArgument(mailId)))
  if (!fault) revalidatePath('/outbox', 'layout')
  return fault
}
