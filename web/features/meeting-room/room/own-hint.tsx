'use client'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import type { DeviceState } from '../../../live/participant-view.ts'
import { watchSilence } from '../../../live/watch-silence.ts'
import { useIsMicrophoneHeld, useMeeting } from './meeting-context.tsx'

/** Says on the own tile why the others hear nothing. */
export function OwnHint({ microphone }: { microphone: DeviceState }) {
  const t = useTranslations('room.tile')
  const { session } = useMeeting()
  const isHeld = useIsMicrophoneHeld()
  const [isSilent, setSilent] = useState(false)

  useEffect(() => {
    setSilent(false)
    if (microphone !== 'on') return
    return watchSilence(() => session.media.local.microphoneTrack, setSilent)
  }, [microphone, session])

  const off = isHeld ? t('ownMicHeld') : t('ownMicOff')
  const text = microphone !== 'on' ? off : isSilent ? t('ownSilent') : null
  if (!text) return null
  return (
    <p
      data-testid="own-hint"
      className="rounded-md bg-[#3d2e10] px-2 py-0.5 text-sm font-medium text-[#ffe2a6]"
    >
      {text}
    </p>
  )
}
