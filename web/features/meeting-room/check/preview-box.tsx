'use client'
import { Mic, MicOff, Video, VideoOff } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type ReactNode, useEffect, useRef } from 'react'
import { Avatar } from '../../../ui/avatar.tsx'
import { cx } from '../../../ui/lib/cx.ts'
import type { Preview } from './use-preview.ts'

/** The own picture as others will see it (mirrored, as people expect of themselves), with the two switches. */
export function PreviewBox({
  preview,
  name,
  isMicrophoneOn,
  isCameraOn,
  onMicrophone,
  onCamera,
}: {
  preview: Preview
  name: string
  isMicrophoneOn: boolean
  isCameraOn: boolean
  onMicrophone: (isOn: boolean) => void
  onCamera: (isOn: boolean) => void
}) {
  const t = useTranslations('room.check')
  const element = useRef<HTMLVideoElement>(null)
  const { video } = preview
  useEffect(() => {
    const target = element.current
    if (!video || !target) return
    video.attach(target)
    return () => {
      video.detach(target)
    }
  }, [video])
  return (
    <div
      data-theme="dark"
      className="relative flex aspect-video w-full items-center justify-center overflow-hidden rounded-lg bg-[#0b1016]"
    >
      {video ? (
        <video
          ref={element}
          muted
          autoPlay
          playsInline
          data-testid="preview-video"
          className="size-full -scale-x-100 object-cover"
        />
      ) : (
        <div className="flex flex-col items-center gap-3 px-6 pb-16 text-center">
          {name.trim() ? (
            <Avatar name={name} size="xl" />
          ) : (
            <VideoOff aria-hidden className="size-14 stroke-[1.5] text-muted" />
          )}
          <p className="text-text">
            {preview.isStarting ? t('starting') : isCameraOn ? t('noPicture') : t('cameraOff')}
          </p>
        </div>
      )}
      <div className="absolute inset-x-0 bottom-3 flex justify-center gap-3">
        <PreviewSwitch
          testId="check-mic"
          isOn={isMicrophoneOn}
          hasProblem={preview.audioProblem !== null}
          label={t('mic')}
          icon={isMicrophoneOn ? <Mic aria-hidden /> : <MicOff aria-hidden />}
          onPress={() => onMicrophone(!isMicrophoneOn)}
        />
        <PreviewSwitch
          testId="check-camera"
          isOn={isCameraOn}
          hasProblem={preview.videoProblem !== null}
          label={t('camera')}
          icon={isCameraOn ? <Video aria-hidden /> : <VideoOff aria-hidden />}
          onPress={() => onCamera(!isCameraOn)}
        />
      </div>
    </div>
  )
}

function PreviewSwitch({
  isOn,
  hasProblem,
  label,
  icon,
  testId,
  onPress,
}: {
  isOn: boolean
  hasProblem: boolean
  label: string
  icon: ReactNode
  testId: string
  onPress: () => void
}) {
  const t = useTranslations('room.check')
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isOn}
      data-testid={testId}
      onClick={onPress}
      className={cx(
        'flex min-h-14 items-center gap-2.5 rounded-lg px-5 font-medium shadow-pop disabled:cursor-not-allowed disabled:opacity-60 [&_svg]:size-6',
        isOn && !hasProblem ? 'bg-[#1f2832] text-white enabled:hover:bg-[#2c3844]' : 'bg-live text-on-live',
      )}
    >
      {icon}
      {label}: {isOn ? (hasProblem ? t('hasProblem') : t('on')) : t('off')}
    </button>
  )
}
