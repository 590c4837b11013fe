import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { notFound } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { AttendancePage } from '../../../../../features/attendance/attendance-page.tsx'
import { requireActor } from '../../../../../server/accounts/get-actor.ts'
import { getAttendance } from '../../../../../server/attendance/get-attendance.ts'
import { getMeeting } from '../../../../../server/meetings/get-meeting.ts'
import { EmptyState } from '../../../../../ui/empty-state.tsx'
import { PageHeader } from '../../../../../ui/page-header.tsx'
import { orNotFound } from '../../../../page-guard.ts'
import type { RouteProps } from '../../../../page-props.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.attendance'))('title') }
}

export default async function MeetingAttendancePage({ params }: RouteProps<'id'>) {
  const { id } = await params
  const actor = await requireActor(`/meetings/${id}/attendance`)
  const meeting = await orNotFound(getMeeting(actor, id))
  if (!meeting.may.readAttendance) notFound()
  const report = await orNotFound(getAttendance(actor, meeting.id))
  const wasHeld = meeting.status === 'live' || meeting.status === 'ended' || report.totals.people > 0
  if (!wasHeld) return <NotHeld meeting={meeting} />
  return <AttendancePage report={report} meetingCode={meeting.code} />
}

/** A meeting that has not begun, or was called off, has nobody present and nobody absent. */
async function NotHeld({ meeting }: { meeting: MeetingDetail }) {
  const t = await getTranslations('portal.attendance')
  return (
    <>
      <PageHeader back={{ href: `/meetings/${meeting.id}`, label: meeting.title }} title={t('title')} />
      <EmptyState title={t(meeting.status === 'cancelled' ? 'cancelled' : 'notBegun')}>
        {t('notHeldHelp')}
      </EmptyState>
    </>
  )
}
