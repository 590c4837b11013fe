import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { MeetingRoomApp } from '../../../features/meeting-room/meeting-room-app.tsx'
import { getActor } from '../../../server/accounts/get-actor.ts'
import { getPublicMeeting } from '../../../server/meetings/get-public-meeting.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('room')
  return { title: t('title') }
}

/** The link in an invitation: check page, lobby and room in one client application. */
export default async function JoinPage({ params }: { params: Promise<{ code: string }> }) {
  const { code } = await params
  const meeting = await getPublicMeeting(code, await getActor())
  return <MeetingRoomApp code={code} meeting={meeting} />
}
