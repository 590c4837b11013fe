'use client'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { SILENCE_RMS, watchLevel } from '../../../live/audio-level.ts'
import type { DeviceState } from '../../../live/participant-view.ts'
import { useMedia, useMeeting } from './meeting-context.tsx'

/** No sound at all for this long (ms) from an open microphone is a fault, not a pause. */
const SILENCE_MS = 6000

/** Says on the own tile why the others hear nothing. */
export function OwnHint({ microphone }: { microphone: DeviceState }) {
  const t = useTranslations('room.tile')
  const { session } = useMeeting()
  const [isSilent, setSilent] = useState(false)
  // Read anew with each change of the media: another microphone is another track, with a time of its own.
  useMedia()
  const track = microphone === 'on' ? session.media.local.microphoneTrack : null

  useEffect(() => {
    setSilent(false)
    if (!track) return
    let lastHeardMs = performance.now()
    return watchLevel(
      track,
      level => {
        const nowMs = performance.now()
        if (level > SILENCE_RMS) lastHeardMs = nowMs
        setSilent(nowMs - lastHeardMs > SILENCE_MS)
      },
      500,
    )
  }, [track])

  const text = microphone !== 'on' ? t('ownMicOff') : isSilent ? t('ownSilent') : null
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
