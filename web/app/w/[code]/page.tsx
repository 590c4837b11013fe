import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { WatchApp } from '../../../features/watch/watch-app.tsx'
import { getPublicMeeting } from '../../../server/meetings/get-public-meeting.ts'

export async function generateMetadata({ params }: { params: Promise<{ code: string }> }): Promise<Metadata> {
  const { code } = await params
  const meeting = await getPublicMeeting(code, null)
  const t = await getTranslations('room')
  return { title: meeting?.title ?? t('watchTitle') }
}

/** The public link for voters: no account, no device, only watching. */
export default async function WatchPage({ params }: { params: Promise<{ code: string }> }) {
  const { code } = await params
  return <WatchApp code={code} meeting={await getPublicMeeting(code, null)} />
}
