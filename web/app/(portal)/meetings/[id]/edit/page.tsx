import { notFound } from 'next/navigation'
import { getTimeZone, getTranslations } from 'next-intl/server'
import { draftOf } from '../../../../../features/schedule/draft.ts'
import { MeetingForm } from '../../../../../features/schedule/meeting-form.tsx'
import { requireActor } from '../../../../../server/accounts/get-actor.ts'
import { getMeeting } from '../../../../../server/meetings/get-meeting.ts'
import { PageHeader } from '../../../../../ui/page-header.tsx'
import { orNotFound } from '../../../../page-guard.ts'
import type { RouteProps } from '../../../../page-props.ts'
import { findClashes, saveMeeting } from '../../actions.ts'
import { formChoices } from '../../form-choices.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.form'))('editTitle') }
}

export default async function EditMeetingPage({ params }: RouteProps<'id'>) {
  const { id } = await params
  const actor = await requireActor(`/meetings/${id}/edit`)
  const meeting = await orNotFound(getMeeting(actor, id))
  if (!meeting.may.edit) notFound()
  const t = await getTranslations('portal.form')
  return (
    <>
      <PageHeader title={t('editTitle')} back={{ href: `/meetings/${meeting.id}`, label: meeting.title }} />
      <MeetingForm
        meetingId={meeting.id}
        initial={draftOf(meeting, await getTimeZone())}
        {...(await formChoices(actor))}
        save={saveMeeting.bind(null, meeting.id)}
        findClashes={findClashes.bind(null, meeting.id)}
      />
    </>
  )
}
