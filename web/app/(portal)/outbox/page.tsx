import { getTranslations } from 'next-intl/server'
import { MailList } from '../../../features/outbox/mail-list.tsx'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { listMails } from '../../../server/outbox/list-mails.ts'
import { orNotFound } from '../../page-guard.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('outbox') }
}

export default async function OutboxPage() {
  return <MailList mails={await orNotFound(listMails(await requireActor('/outbox')))} />
}
