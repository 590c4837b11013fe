import { MailPage } from '../../../../features/outbox/mail-page.tsx'
import { requireActor } from '../../../../server/accounts/get-actor.ts'
import { getMail } from '../../../../server/outbox/get-mail.ts'
import { orNotFound } from '../../../page-guard.ts'
import type { RouteProps } from '../../../page-props.ts'

export async function generateMetadata({ params }: RouteProps<'id'>) {
  const { id } = await params
  const mail = await orNotFound(getMail(await requireActor(`/outbox/${id}`), id))
  return { title: mail.subject }
}

export default async function OneMailPage({ params }: RouteProps<'id'>) {
  const { id } = await params
  return <MailPage mail={await orNotFound(getMail(await requireActor(`/outbox/${id}`), id))} />
}
