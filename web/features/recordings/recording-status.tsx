'use client'
import { CircleAlert, CircleCheck, Loader2 } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Badge, LiveDot } from '../../ui/badge.tsx'
import type { RecordingItem } from './recording-view.ts'

/** Where a recording stands, in words; with per cent while the file is made. */
export function RecordingStatus({ recording }: { recording: Pick<RecordingItem, 'status' | 'progress'> }) {
  const t = useTranslations('portal.recordings.status')
  switch (recording.status) {
    case 'recording':
      return (
        <Badge tone="live" icon={<LiveDot />}>
          {t('recording')}
        </Badge>
      )
    case 'ready':
      return (
        <Badge tone="ok" icon={<CircleCheck aria-hidden />}>
          {t('ready')}
        </Badge>
      )
    case 'failed':
      return (
        <Badge tone="danger" icon={<CircleAlert aria-hidden />}>
          {t('failed')}
        </Badge>
      )
    case 'composing':
      return (
        <Badge tone="accent" icon={<Loader2 aria-hidden className="animate-spin" />} className="tabular">
          {recording.progress === null
            ? t('composing')
            : t('composingPercent', { percent: Math.round(recording.progress) })}
        </Badge>
      )
    default:
      return <Badge tone="accent">{t(recording.status)}</Badge>
  }
}
