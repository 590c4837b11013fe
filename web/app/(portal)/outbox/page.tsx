import { getTranslations } from 'next-intl/server'
import { MailList } from '../../../features/mail/mail-list.tsx'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { listMails } from '../../../server/mail/list-mails.ts'
import { orNotFound } from '../../page-guard.ts'
import type { RouteProps } from '../../page-props.ts'
import { resend } from './actions.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('outbox') }
}

export default async function OutboxPage({ searchParams }: RouteProps) {
  const actor = await requireActor('/outbox')
  const { q } = await searchParams
  const query = typeof q === 'string' ? q : ''
  return <MailList resend={resend} mails={await orNotFound(listMails(actor, { q: query }))} query={query} />
}
