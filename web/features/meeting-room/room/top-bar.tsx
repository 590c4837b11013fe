'use client'
import { Eye, Lock, Users } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useMemo } from 'react'
import { useHeldSpeaker } from '../../../live/use-held-speaker.ts'
import { useFloor, useMedia, useMeeting, useSelf } from './meeting-context.tsx'
import { RecordingIndicator } from './recording-indicator.tsx'

/** One quiet line: what this is, whether it is recorded, who speaks, how many are here. */
export function TopBar() {
  const t = useTranslations('room.top')
  const { meeting } = useMeeting()
  const media = useMedia()
  const floor = useFloor()
  const self = useSelf()
  const speaker = useHeldSpeaker(media, self.identity)
  const speaking = useMemo(
    () => media.participants.find(participant => participant.identity === speaker && participant.isSpeaking),
    [media.participants, speaker],
  )
  return (
    <header className="flex shrink-0 items-center gap-x-4 gap-y-1 bg-[#10161d] px-3 py-2 text-white max-sm:flex-wrap sm:px-4">
      <h1 className="min-w-0 truncate text-base font-semibold max-sm:flex-1">
        {floor.title || meeting.title}
      </h1>
      <RecordingIndicator />
      {floor.locked && (
        <span className="flex shrink-0 items-center gap-1.5 text-sm">
          <Lock aria-hidden className="size-4" />
          {t('locked')}
        </span>
      )}
      <p aria-live="off" className="ml-auto min-w-0 truncate text-sm text-[#dbe3ea] max-sm:hidden">
        {speaking && (
          <>
            {t('speaking')} <span className="font-semibold text-white">{speaking.name}</span>
          </>
        )}
      </p>
      {floor.viewers > 0 && (
        <span
          data-testid="viewer-count"
          className="tabular flex shrink-0 items-center gap-1.5 text-sm"
          title={t('viewers')}
        >
          <Eye aria-hidden className="size-4" />
          <span className="sr-only">{t('viewers')}</span>
          {floor.viewers}
        </span>
      )}
      <span
        data-testid="participant-count"
        className="tabular flex shrink-0 items-center gap-1.5 text-sm"
        title={t('participants')}
      >
        <Users aria-hidden className="size-4" />
        <span className="sr-only">{t('participants')}</span>
        {media.participants.length}
      </span>
    </header>
  )
}
