'use client'
import { LoaderCircle, Maximize, VideoOff, Volume2, VolumeX, WifiLow } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import type { MeetingSession } from '../../live/meeting-session.ts'
import type { ParticipantView } from '../../live/participant-view.ts'
import type { StagePicture } from '../../live/stage-plan.ts'
import { useStore } from '../../live/use-store.ts'
import { VideoView } from '../../live/video-view.tsx'
import { Avatar } from '../../ui/avatar.tsx'
import { cx } from '../../ui/lib/cx.ts'
import { PICTURE_BOX, SOUND_BUTTON } from './watch-frame.tsx'

const control =
  'flex min-h-12 min-w-12 items-center justify-center gap-2 rounded-lg bg-[#0b1016d9] px-3 font-medium text-white hover:bg-[#0b1016] [&_svg]:size-6'

/** The one picture with the speaker's small one while a screen is shared; sound by one tap. */
export function WatchPicture({
  session,
  plan,
  main,
  inset,
  wantsSound,
}: {
  session: MeetingSession
  plan: { main: StagePicture | null }
  main: ParticipantView | undefined
  inset: ParticipantView | undefined
  /** Pressed before there was anything to hear. */
  wantsSound: boolean
}) {
  const t = useTranslations('room')
  const media = useStore(session.media.view)
  const [hasSound, setSound] = useState(wantsSound)
  useEffect(() => {
    if (wantsSound) void session.media.startSound().catch(() => undefined)
  }, [wantsSound, session])
  const box = useRef<HTMLDivElement>(null)
  const source = plan.main?.source ?? 'camera'
  const picture = main ? (source === 'screen_share' ? main.screenPicture : main.cameraPicture) : 0
  const isPaused = main && (source === 'screen_share' ? main.isScreenPaused : main.isCameraPaused)
  const isAway = media.connection !== 'connected'
  const isBlocked = hasSound && !media.mayPlayAudio && !isAway

  const toggleSound = async () => {
    if (hasSound && !isBlocked) {
      session.media.stopSound()
      setSound(false)
      return
    }
    setSound(true)
    // Refused without a tap; the button stays and says so.
    await session.media.startSound().catch(() => {})
  }
  const toggleFullScreen = () => {
    const target = box.current as (HTMLDivElement & { webkitRequestFullscreen?: () => void }) | null
    if (document.fullscreenElement) return void document.exitFullscreen().catch(() => {})
    if (target?.requestFullscreen) return void target.requestFullscreen().catch(() => {})
    // iPhones only let the video element itself fill the screen.
    const video = target?.querySelector('video') as
      | (HTMLVideoElement & { webkitEnterFullscreen?: () => void })
      | null
    video?.webkitEnterFullscreen?.()
  }

  return (
    <div ref={box} data-theme="dark" className={PICTURE_BOX}>
      {main && picture > 0 ? (
        <VideoView
          key={`${main.identity}|${source}`}
          room={session.media.room}
          identity={main.identity}
          source={source}
          picture={picture}
          className={cx('size-full object-contain', isPaused && 'opacity-45')}
          testId="watch-video"
        />
      ) : (
        <div className="flex flex-col items-center gap-3 p-6 pb-16 text-center">
          {main && <Avatar name={main.name} size="xl" />}
          <p className="text-lg 2xl:text-3xl">
            {main && main.camera !== 'on'
              ? t('watch.micOnly')
              : main
                ? t('tile.pictureComing')
                : isAway
                  ? t('connection.connecting')
                  : t('watch.waitingPicture')}
          </p>
        </div>
      )}
      {inset && inset.cameraPicture > 0 && (
        <div className="absolute right-2 bottom-16 aspect-video w-[28%] max-w-56 overflow-hidden rounded-lg border border-white/30 bg-black">
          <VideoView
            key={inset.identity}
            room={session.media.room}
            identity={inset.identity}
            source="camera"
            picture={inset.cameraPicture}
            className="size-full object-cover"
            testId="watch-inset"
          />
        </div>
      )}
      <p
        role="status"
        data-testid="connection-state"
        data-state={isAway ? 'reconnecting' : 'connected'}
        className={
          isAway && main
            ? 'absolute top-2 left-2 flex items-center gap-2 rounded-md bg-[#3d2e10] px-3 py-1.5 text-[#ffe2a6]'
            : 'sr-only'
        }
      >
        {isAway ? (
          <>
            <LoaderCircle aria-hidden className="size-5 animate-spin" />
            {t('connection.reconnecting')}
          </>
        ) : (
          t('connection.connected')
        )}
      </p>
      {main && (isPaused || main.quality !== 'good') && !isAway && (
        <p
          data-testid="watch-quality"
          className="absolute top-2 left-2 flex items-center gap-1.5 rounded-md bg-[#3d2e10] px-2 py-1 text-sm text-[#ffe2a6]"
        >
          {isPaused ? (
            <VideoOff aria-hidden className="size-4" />
          ) : (
            <WifiLow aria-hidden className="size-4" />
          )}
          {isPaused ? t('tile.paused') : main.quality !== 'good' && t(`tile.${main.quality}`)}
        </p>
      )}
      <div className="absolute inset-x-2 bottom-2 flex items-center justify-between gap-2">
        <button
          type="button"
          data-testid="watch-sound"
          data-on={hasSound && !isBlocked}
          onClick={() => void toggleSound()}
          className={hasSound && !isBlocked ? control : SOUND_BUTTON}
        >
          {hasSound && !isBlocked ? <VolumeX aria-hidden /> : <Volume2 aria-hidden />}
          {hasSound && !isBlocked ? t('watch.soundOff') : t('watch.sound')}
        </button>
        <button
          type="button"
          aria-label={t('watch.fullScreen')}
          onClick={toggleFullScreen}
          className={control}
        >
          <Maximize aria-hidden />
        </button>
      </div>
    </div>
  )
}
