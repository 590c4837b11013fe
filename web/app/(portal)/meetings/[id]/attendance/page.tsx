import { notFound } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { AttendancePage } from '../../../../../features/attendance/attendance-page.tsx'
import { requireActor } from '../../../../../server/accounts/get-actor.ts'
import { getAttendance } from '../../../../../server/attendance/get-attendance.ts'
import { getMeeting } from '../../../../../server/meetings/get-meeting.ts'
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
  return <AttendancePage report={report} meetingCode={meeting.code} />
}
