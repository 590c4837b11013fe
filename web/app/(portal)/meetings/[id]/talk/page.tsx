import { notFound } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { TalkPage } from '../../../../../features/talk/talk-page.tsx'
import { requireActor } from '../../../../../server/accounts/get-actor.ts'
import { getMeeting } from '../../../../../server/meetings/get-meeting.ts'
import { readTalk } from '../../../../../server/talk/read-talk.ts'
import { orNotFound } from '../../../../page-guard.ts'
import type { RouteProps } from '../../../../page-props.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.talk'))('title') }
}

export default async function MeetingTalkPage({ params }: RouteProps<'id'>) {
  const { id } = await params
  const actor = await requireActor(`/meetings/${id}/talk`)
  const meeting = await orNotFound(getMeeting(actor, id))
  if (!meeting.may.readTalk) notFound()
  const talk = await orNotFound(readTalk(actor, meeting.id))
  return <TalkPage talk={talk} meetingCode={meeting.code} />
}
