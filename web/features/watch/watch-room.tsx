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
import { useFormats } from '../../ui/use-formats.ts'
import { WatchAsk } from './watch-ask.tsx'
import { WatchPicture } from './watch-picture.tsx'

/** Picture on top, who speaks and what is being discussed under it, one way to ask. */
export function WatchRoom({
  session,
  meeting,
  admitted,
}: {
  session: MeetingSession
  meeting: PublicMeeting
  admitted: Admitted
}) {
  const t = useTranslations('room')
  const formats = useFormats()
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

  return (
    <div className="min-h-dvh lg:flex">
      <div className="sticky top-0 z-10 lg:flex lg:h-dvh lg:min-w-0 lg:flex-1 lg:items-center lg:bg-black">
        <WatchPicture session={session} plan={plan} main={main} inset={find(plan.inset)} />
      </div>
      <main className="flex flex-col gap-4 px-4 py-4 lg:w-96 lg:shrink-0 lg:px-6 lg:py-6">
        <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
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
        <h1 className="text-xl leading-snug font-semibold">{floor.title || meeting.title}</h1>
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
        <WatchAsk session={session} code={meeting.code} identity={admitted.identity} />
        {agenda && (
          <section>
            <h2 className="font-semibold">{t('watch.agenda')}</h2>
            <p className="mt-1 whitespace-pre-line">{agenda}</p>
          </section>
        )}
        {meeting.description && (
          <section>
            <h2 className="font-semibold">{t('watch.about')}</h2>
            <p className="mt-1 whitespace-pre-line text-muted">{meeting.description}</p>
          </section>
        )}
        <p className="text-sm text-muted">{formats.range(meeting.startsAt, meeting.endsAt)}</p>
      </main>
    </div>
  )
}
