import { getTranslations } from 'next-intl/server'
import { RecordingList } from '../../../features/recordings/recording-list.tsx'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { getMeeting } from '../../../server/meetings/get-meeting.ts'
import { listRecordings } from '../../../server/recordings/list-recordings.ts'
import { orNotFound } from '../../page-guard.ts'
import type { RouteProps } from '../../page-props.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('recordings') }
}

export default async function RecordingsPage({ searchParams }: RouteProps) {
  const actor = await requireActor('/recordings')
  const { meeting: meetingId, q } = await searchParams
  const query = typeof q === 'string' ? q : ''
  const meeting = typeof meetingId === 'string' ? await orNotFound(getMeeting(actor, meetingId)) : null
  const recordings = await listRecordings(actor, { q: query, ...(meeting && { meetingId: meeting.id }) })
  return (
    <RecordingList
      recordings={recordings}
      query={query}
      ofMeeting={meeting && { id: meeting.id, title: meeting.title }}
    />
  )
}
