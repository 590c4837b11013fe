'use client'
import { Eye, Lock, MicOff, Users } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useMemo, useState } from 'react'
import { useHeldSpeaker } from '../../../live/use-held-speaker.ts'
import { cx } from '../../../ui/lib/cx.ts'
import { useFormats } from '../../../ui/use-formats.ts'
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
  // Voters who have the floor speak, and are no participants for that.
  const attending = media.participants.filter(participant => participant.attends)
  const planned = meeting.endpoints.length
  const present = new Set(attending.map(({ endpointId }) => endpointId).filter(id => id !== '')).size
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
        <span className="flex shrink-0 items-center gap-1.5 text-sm" data-testid="top-locked">
          <Lock aria-hidden className="size-4" />
          {t('locked')}
        </span>
      )}
      {floor.options.microphonesHeld && (
        <span className="flex shrink-0 items-center gap-1.5 text-sm" data-testid="microphones-held">
          <MicOff aria-hidden className="size-4" />
          {t('micHeld')}
        </span>
      )}
      <p aria-live="off" className="ml-auto min-w-0 truncate text-sm text-[#dbe3ea] max-sm:hidden">
        {speaking && (
          <>
            {t('speaking')} <bdi className="font-semibold text-white">{speaking.name}</bdi>
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
      {planned > 0 && (
        <span data-testid="endpoint-count" className="tabular shrink-0 text-sm font-medium">
          {t('endpoints', { present, planned })}
        </span>
      )}
      <span
        data-testid="participant-count"
        className={cx(
          'tabular flex shrink-0 items-center gap-1.5 text-sm',
          // On a phone the halls say it, and the title needs the room.
          planned > 0 && 'max-sm:hidden',
        )}
        title={t('participants')}
      >
        <Users aria-hidden className="size-4" />
        <span className="sr-only">{t('participants')}</span>
        {attending.length}
      </span>
      <Clock />
    </header>
  )
}

/** The time on the wall of every hall; phones show it themselves. */
function Clock() {
  const t = useTranslations('room.top')
  const formats = useFormats()
  const [now, setNow] = useState(() => new Date().toISOString())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date().toISOString()), 5_000)
    return () => clearInterval(timer)
  }, [])
  const text = formats.time(now)
  return (
    <time
      dateTime={text}
      data-testid="clock"
      className="tabular shrink-0 text-base font-semibold max-sm:hidden"
    >
      <span className="sr-only">{t('clock')} </span>
      {text}
    </time>
  )
}
