import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { EntranceChoice } from '../../../features/accounts/entrance-choice.tsx'
import { MeetingRoomApp } from '../../../features/meeting-room/meeting-room-app.tsx'
import { getActor } from '../../../server/accounts/get-actor.ts'
import { getPublicMeeting } from '../../../server/meetings/get-public-meeting.ts'
import { readHallDevice } from '../../../server/meetings/hall-device.ts'
import { getRuntime } from '../../../server/runtime.ts'
import type { RouteProps } from '../../page-props.ts'
import { reopen } from './actions.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('room')
  return { title: t('title') }
}

/**
 * The link in an invitation: check page, lobby and room in one client application. Who is not signed in is asked first
 * how they come in; `as=guest` and `as=account` (in personal mails) are the answers.
 */
export default async function JoinPage({ params, searchParams }: RouteProps<'code'>) {
  const { code } = await params
  const actor = await getActor()
  const device = await readHallDevice(getRuntime().config, (await headers()).get('cookie'))
  const meeting = await getPublicMeeting(code, actor, device)
  const isOpen = meeting?.status === 'scheduled' || meeting?.status === 'live'
  if (meeting && isOpen && !actor) {
    const path = `/m/${encodeURIComponent(meeting.code)}`
    const signInHref = `/sign-in?next=${encodeURIComponent(path)}`
    const as = (await searchParams).as
    if (as === 'account') redirect(signInHref)
    if (as !== 'guest')
      return <EntranceChoice meeting={meeting} signInHref={signInHref} guestHref={`${path}?as=guest`} />
  }
  return <MeetingRoomApp code={code} meeting={meeting} reopen={reopen} />
}
