import { maySchedule } from '@diemcau/core/roles.ts'
import { getTranslations } from 'next-intl/server'
import { z } from 'zod'
import { MeetingList } from '../../../features/schedule/meeting-list.tsx'
import { meetingScopes } from '../../../features/schedule/scopes.ts'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { listMeetings } from '../../../server/meetings/list-meetings.ts'
import type { RouteProps } from '../../page-props.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('meetings') }
}

const filters = z.object({
  scope: z.enum(meetingScopes).catch('upcoming'),
  q: z.string().max(200).catch(''),
})

export default async function MeetingsPage({ searchParams }: RouteProps) {
  const actor = await requireActor('/meetings')
  const { scope, q } = filters.parse(await searchParams)
  const meetings = await listMeetings(actor, { scope, q })
  return <MeetingList meetings={meetings} scope={scope} query={q} maySchedule={maySchedule(actor.role)} />
}
