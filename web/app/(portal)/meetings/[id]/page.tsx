import { MeetingPage } from '../../../../features/schedule/meeting-page.tsx'
import { requireActor } from '../../../../server/accounts/get-actor.ts'
import { getMeeting } from '../../../../server/meetings/get-meeting.ts'
import { orNotFound } from '../../../page-guard.ts'
import type { RouteProps } from '../../../page-props.ts'
import { cancel, changeHallCode, inviteAgain } from '../actions.ts'

export async function generateMetadata({ params }: RouteProps<'id'>) {
  const { id } = await params
  const meeting = await orNotFound(getMeeting(await requireActor(`/meetings/${id}`), id))
  return { title: meeting.title }
}

export default async function OneMeetingPage({ params }: RouteProps<'id'>) {
  const { id } = await params
  const meeting = await orNotFound(getMeeting(await requireActor(`/meetings/${id}`), id))
  return (
    <MeetingPage
      meeting={meeting}
      cancel={cancel.bind(null, meeting.id)}
      inviteAgain={inviteAgain.bind(null, meeting.id)}
      changeHallCode={changeHallCode.bind(null, meeting.id)}
    />
  )
}
