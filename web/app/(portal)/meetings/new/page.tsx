import { maySchedule } from '@diemcau/core/roles.ts'
import { notFound } from 'next/navigation'
import { getTimeZone, getTranslations } from 'next-intl/server'
import { emptyDraft } from '../../../../features/schedule/draft.ts'
import { MeetingForm } from '../../../../features/schedule/meeting-form.tsx'
import { requireActor } from '../../../../server/accounts/get-actor.ts'
import { PageHeader } from '../../../../ui/page-header.tsx'
import { findClashes, saveMeeting } from '../actions.ts'
import { formChoices } from '../form-choices.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.form'))('newTitle') }
}

export default async function NewMeetingPage() {
  const actor = await requireActor('/meetings/new')
  if (!maySchedule(actor.role)) notFound()
  const t = await getTranslations('portal')
  return (
    <>
      <PageHeader title={t('form.newTitle')} back={{ href: '/meetings', label: t('nav.meetings') }} />
      <MeetingForm
        meetingId={null}
        initial={emptyDraft(new Date(), await getTimeZone())}
        {...(await formChoices(actor))}
        save={saveMeeting.bind(null, null)}
        findClashes={findClashes.bind(null, null)}
      />
    </>
  )
}
