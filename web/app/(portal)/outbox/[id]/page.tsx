import { MailPage } from '../../../../features/mail/mail-page.tsx'
import { requireActor } from '../../../../server/accounts/get-actor.ts'
import { getMail } from '../../../../server/mail/get-mail.ts'
import { orNotFound } from '../../../page-guard.ts'
import type { RouteProps } from '../../../page-props.ts'
import { resend } from '../actions.ts'

export async function generateMetadata({ params }: RouteProps<'id'>) {
  const { id } = await params
  const mail = await orNotFound(getMail(await requireActor(`/outbox/${id}`), id))
  return { title: mail.subject }
}

export default async function OneMailPage({ params }: RouteProps<'id'>) {
  const { id } = await params
  return (
    <MailPage resend={resend} mail={await orNotFound(getMail(await requireActor(`/outbox/${id}`), id))} />
  )
}
