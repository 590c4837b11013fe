'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { AudioLines, CircleDot, Eye, MonitorUp } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useMemo } from 'react'
import { isCapturing } from '../../live/floor-state.ts'
import type { Admitted, MeetingSession } from '../../live/meeting-session.ts'
import { planWatch } from '../../live/stage-plan.ts'
import { pictureKey } from '../../live/subscription-plan.ts'
import { useHeldSpeaker } from '../../live/use-held-speaker.ts'
import { useStore } from '../../live/use-store.ts'
import { useWakeLock } from '../../live/use-wake-lock.ts'
import { LiveDot } from '../../ui/badge.tsx'
import { WatchAsk } from './watch-ask.tsx'
import { WatchFacts, WatchLayout } from './watch-frame.tsx'
import { WatchPicture } from './watch-picture.tsx'
import { WatchSpeaking } from './watch-speaking.tsx'
import { WatchVoice } from './watch-voice.tsx'

/** Picture on top, who speaks and what is being discussed under it, one way to ask. */
export function WatchRoom({
  session,
  meeting,
  admitted,
  wantsSound,
}: {
  session: MeetingSession
  meeting: PublicMeeting
  admitted: Admitted
  wantsSound: boolean
}) {
  const t = useTranslations('room')
  const media = useStore(session.media.view)
  const floor = useStore(session.floor.state)
  const speaker = useHeldSpeaker(media, null)
  const plan = useMemo(
    () => planWatch(media.participants, floor.spotlight, speaker),
    [media.participants, floor.spotlight, speaker],
  )
  useWakeLock()

  const mainKey = plan.main ? pictureKey(plan.main.identity, plan.main.source) : ''
  const insetKey = plan.inset ? pictureKey(plan.inset, 'camera') : ''
  useEffect(() => {
    session.media.setShown(new Set([mainKey, insetKey].filter(Boolean)))
  }, [session, mainKey, insetKey])

  const find = (identity: string | null | undefined) =>
    media.participants.find(participant => participant.identity === identity)
  const main = find(plan.main?.identity)
  const speaking = find(plan.speaking)
  const isRecording = isCapturing(floor.recording) || media.isRecording
  const agenda = floor.agenda || meeting.agenda
  const hasFloor = floor.speakers.some(({ identity }) => identity === admitted.identity)

  return (
    <WatchLayout
      picture={
        <WatchPicture
          session={session}
          plan={plan}
          main={main}
          inset={find(plan.inset)}
          wantsSound={wantsSound}
        />
      }
      foot={<WatchVoice session={session} hasFloor={hasFloor} isRecording={isRecording} />}
    >
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm 2xl:text-xl">
        <span className="flex items-center gap-1.5 font-semibold text-live">
          <LiveDot />
          {t('watch.live')}
        </span>
        {isRecording && (
          <span
            data-testid="recording-indicator"
            className="flex items-center gap-1.5 font-semibold text-live"
          >
            <CircleDot aria-hidden className="size-4" />
            {t('recording.now')}
          </span>
        )}
        {floor.viewers > 0 && (
          <span
            data-testid="viewer-count"
            data-count={floor.viewers}
            className="tabular flex items-center gap-1.5 text-muted"
          >
            <Eye aria-hidden className="size-4" />
            {t('watch.viewers', { count: floor.viewers })}
          </span>
        )}
      </div>
      <h1 className="text-xl leading-snug font-semibold 2xl:text-3xl">{floor.title || meeting.title}</h1>
      {main && (
        <p className="flex items-start gap-2 text-lg leading-snug" data-testid="watch-speaker">
          {plan.main?.source === 'screen_share' && !speaking ? (
            <MonitorUp aria-hidden className="mt-1 size-5 shrink-0 text-accent" />
          ) : (
            <AudioLines aria-hidden className="mt-1 size-5 shrink-0 text-accent" />
          )}
          <span>
            <span className="block text-sm text-muted">
              {speaking
                ? t('watch.speaking')
                : plan.main?.source === 'screen_share'
                  ? t('watch.onScreen')
                  : t('watch.onStage')}
            </span>
            <span className="font-semibold">{(speaking ?? main).name}</span>
          </span>
        </p>
      )}
      <WatchSpeaking floor={floor} identity={admitted.identity} />
      <WatchAsk session={session} code={meeting.code} identity={admitted.identity} />
      <WatchFacts meeting={meeting} agenda={agenda} />
      {hasFloor && <div aria-hidden className="h-48" />}
    </WatchLayout>
  )
}
