'use client'
import type { MeetingStatus } from '@diemcau/core/contracts/meeting.ts'
import { useTranslations } from 'next-intl'
import { Badge, LiveDot } from '../../ui/badge.tsx'

/** Where a meeting stands, in words. */
export function StatusBadge({ status }: { status: MeetingStatus }) {
  const t = useTranslations('portal.meeting.status')
  if (status === 'live') {
    return (
      <Badge tone="live" icon={<LiveDot />}>
        {t('live')}
      </Badge>
    )
  }
  return (
    <Badge tone={status === 'scheduled' ? 'accent' : status === 'cancelled' ? 'warn' : 'neutral'}>
      {t(status)}
    </Badge>
  )
}
