'use client'
import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import { AudioLines, Hourglass } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { ownWish } from '../../../../live/speaking-view.ts'
import { SpeechClock } from '../../../../live/speech-clock.tsx'
import { useCommand, useFloor, useSelf } from '../meeting-context.tsx'

/** One line for everybody: how people speak, who does and how long, who is to be ready, and what that means to oneself. */
export function SpeakingStrip() {
  const t = useTranslations('room.speaking')
  const { speaking, clockOffsetMs } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const { mode, now, next } = speaking.floor
  const own = ownWish(speaking, self.identity)
  const mine = now.find(speech => speech.identity === self.identity)
  if (mode === 'free' && now.length === 0 && !own) return null
  return (
    <section
      aria-label={t('strip')}
      data-testid="speaking-strip"
      data-mode={mode}
      className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 bg-[#1d2a37] px-3 py-1.5 text-white sm:px-4"
    >
      <span className="shrink-0 text-sm text-[#dbe3ea]">
        {t('bar')}: <span data-testid="floor-mode">{t(`mode.${mode}`)}</span>
      </span>
      {now.map(speech => (
        <span key={speech.turnId} data-testid="speaking-now" className="flex min-w-0 items-center gap-2">
          <AudioLines aria-hidden className="size-5 shrink-0" />
          <span className="min-w-0">
            <span className="text-sm text-[#dbe3ea]">{t('now')}: </span>
            <bdi className="font-semibold">{formatEndpointName(speech.name, speech.unit)}</bdi>
          </span>
          <SpeechClock {...speech} clockOffsetMs={clockOffsetMs} />
        </span>
      ))}
      {next && next.identity !== self.identity && (
        <span data-testid="speaking-next" className="min-w-0 text-sm">
          {t('next')}: <bdi className="font-semibold">{formatEndpointName(next.name, next.unit)}</bdi>
        </span>
      )}
      {own && (
        <span
          role="status"
          data-testid="own-place"
          data-place={own.place ?? ''}
          className={
            own.isNext
              ? 'flex items-center gap-1.5 rounded-md bg-[#ffd24d] px-2 py-0.5 font-semibold text-[#2b2000]'
              : 'text-sm font-semibold'
          }
        >
          {own.isNext && <Hourglass aria-hidden className="size-4" />}
          {own.isNext
            ? t('youAreNext')
            : own.place === null
              ? t('youPostponed')
              : t('yourPlace', { place: own.place })}
        </span>
      )}
      {mine && (
        <button
          type="button"
          data-testid="speech-done"
          onClick={() => void command({ type: 'speaking_end', turnId: mine.turnId })}
          className="min-h-11 rounded-md border border-white/40 px-3 font-medium hover:bg-white/12"
        >
          {t('done')}
        </button>
      )}
    </section>
  )
}
