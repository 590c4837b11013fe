'use client'
import { CircleDot } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { isCapturing } from '../../../live/floor-state.ts'
import { LiveDot } from '../../../ui/badge.tsx'
import { useFormats } from '../../../ui/use-formats.ts'
import { useFloor, useMedia, useMeeting } from './meeting-context.tsx'

/** A red dot with the word and since when; for everyone, for as long as anything is captured. */
export function RecordingIndicator() {
  const t = useTranslations('room.recording')
  const formats = useFormats()
  const { recording } = useFloor()
  const { isRecording } = useMedia()
  const { admitted } = useMeeting()
  if (!isCapturing(recording) && !isRecording) {
    // Said before it begins, and no longer once the film was made.
    if (!admitted.meeting.recorded || recording !== null) return null
    return (
      <p
        data-testid="recording-planned"
        className="flex shrink-0 items-center gap-1.5 text-sm max-sm:order-last max-sm:w-full max-sm:justify-center"
      >
        <CircleDot aria-hidden className="size-4" />
        {t('planned')}
      </p>
    )
  }
  const isStarting = recording?.status === 'requested' || recording?.status === 'starting'
  return (
    <p
      role="status"
      data-testid="recording-indicator"
      data-status={recording?.status ?? 'recording'}
      className="flex shrink-0 items-center gap-2 rounded-md bg-[#5c1020] max-sm:order-last max-sm:w-full max-sm:justify-center px-2.5 py-1 text-sm font-semibold text-white"
    >
      <LiveDot className="text-[#ff5a67]" />
      {isStarting && !isRecording
        ? t('starting')
        : recording?.startedAt
          ? t('since', { time: formats.time(recording.startedAt) })
          : t('now')}
    </p>
  )
}
