'use client'
import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import { Hourglass, Mic } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { FloorState } from '../../live/floor-state.ts'
import { ownWish } from '../../live/speaking-view.ts'
import { SpeechClock } from '../../live/speech-clock.tsx'

/** Who speaks by the list and how long, who is to be ready, and one's own place. */
export function WatchSpeaking({ floor, identity }: { floor: FloorState; identity: string }) {
  const t = useTranslations('room.speaking')
  const { now, next } = floor.speaking.floor
  const own = ownWish(floor.speaking, identity)
  if (now.length === 0 && !own) return null
  return (
    <section aria-label={t('label')} data-testid="watch-speaking" className="flex flex-col gap-1.5">
      {now.map(speech => (
        <p key={speech.turnId} className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Mic aria-hidden className="size-5 text-accent" />
          <span className="text-muted">{t('now')}:</span>
          <bdi className="font-semibold">{formatEndpointName(speech.name, speech.unit)}</bdi>
          <span className="rounded-md bg-[#1d2a37]">
            <SpeechClock {...speech} clockOffsetMs={floor.clockOffsetMs} />
          </span>
        </p>
      ))}
      {next && next.identity !== identity && (
        <p>
          <span className="text-muted">{t('next')}:</span>{' '}
          <bdi className="font-semibold">{formatEndpointName(next.name, next.unit)}</bdi>
        </p>
      )}
      {own && (
        <p
          role="status"
          data-testid="own-place"
          data-place={own.place ?? ''}
          className="flex items-center gap-2 font-semibold"
        >
          {own.isNext && <Hourglass aria-hidden className="size-5 text-warn" />}
          {own.isNext
            ? t('youAreNext')
            : own.place === null
              ? t('youPostponed')
              : t('yourPlace', { place: own.place })}
        </p>
      )}
    </section>
  )
}
