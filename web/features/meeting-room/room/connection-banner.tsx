'use client'
import { CircleCheck, LoaderCircle, TriangleAlert, WifiLow } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import type { MediaView } from '../../../live/media-room.ts'
import { useStore } from '../../../live/use-store.ts'
import { cx } from '../../../ui/lib/cx.ts'
import { useMedia, useMeeting } from './meeting-context.tsx'

export type ConnectionWord = 'connecting' | 'reconnecting' | 'floor_away' | 'weak' | 'recovered' | 'connected'

/** The one thing worth saying about the connection; pure. */
export function connectionWord(
  media: MediaView,
  isFloorConnected: boolean,
  wasConnected: boolean,
): ConnectionWord {
  if (media.connection !== 'connected') return wasConnected ? 'reconnecting' : 'connecting'
  if (!isFloorConnected) return 'floor_away'
  const own = media.participants.find(participant => participant.isLocal)
  const isAnyPaused = media.participants.some(one => one.isCameraPaused || one.isScreenPaused)
  return isAnyPaused || (own && own.quality !== 'good') ? 'weak' : 'connected'
}

/** A short drop of the floor's socket is healed before anybody needs to know (ms). */
const FLOOR_PATIENCE_MS = 2500
const RECOVERED_MS = 3000

/** Says in place and in words what is wrong with the connection, and that it is well again; never in the way. */
export function ConnectionBanner() {
  const t = useTranslations('room.connection')
  const { session } = useMeeting()
  const media = useMedia()
  const isFloorConnected = useStore(session.floor.isConnected)
  const [isFloorLate, setFloorLate] = useState(false)
  /** Counts recoveries; 0 when the last is some time ago. */
  const [recoveries, setRecoveries] = useState(0)
  const wasConnected = useRef(false)
  const wasBad = useRef(false)

  useEffect(() => {
    if (isFloorConnected) return setFloorLate(false)
    const timer = setTimeout(() => setFloorLate(true), FLOOR_PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [isFloorConnected])

  const word = connectionWord(media, !isFloorLate, wasConnected.current)
  useEffect(() => {
    if (media.connection === 'connected') wasConnected.current = true
    if (word === 'reconnecting' || word === 'floor_away') wasBad.current = true
    if (word !== 'connected' || !wasBad.current) return
    wasBad.current = false
    setRecoveries(count => count + 1)
  }, [word, media.connection])
  useEffect(() => {
    if (recoveries === 0) return
    const timer = setTimeout(() => setRecoveries(0), RECOVERED_MS)
    return () => clearTimeout(timer)
  }, [recoveries])

  const said: ConnectionWord = word === 'connected' && recoveries > 0 ? 'recovered' : word
  const Icon =
    said === 'recovered'
      ? CircleCheck
      : said === 'weak'
        ? WifiLow
        : said === 'floor_away'
          ? TriangleAlert
          : LoaderCircle
  return (
    <p
      role="status"
      data-testid="connection-state"
      data-state={said}
      className={cx(
        said === 'connected'
          ? 'sr-only'
          : 'flex shrink-0 items-center justify-center gap-2 px-4 py-1.5 text-center font-medium [&_svg]:size-5 [&_svg]:shrink-0',
        said === 'recovered' ? 'bg-[#12351f] text-[#c6f3d5]' : 'bg-[#3d2e10] text-[#ffe2a6]',
      )}
    >
      {said !== 'connected' && (
        <Icon
          aria-hidden
          className={said === 'connecting' || said === 'reconnecting' ? 'animate-spin' : undefined}
        />
      )}
      {t(said)}
    </p>
  )
}
