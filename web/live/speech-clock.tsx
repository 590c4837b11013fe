'use client'
import { TriangleAlert } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { cx } from '../ui/lib/cx.ts'
import { useSpeechClock } from './use-speech-clock.ts'

const tones = {
  running: 'bg-black/35 text-white',
  soon: 'bg-[#ffd24d] text-[#2b2000]',
  over: 'bg-[#b3122c] text-white',
}

/** Time that is left of a speech, as everybody sees it: a warning at one minute and at the end, in words too. */
export function SpeechClock({
  startedAt,
  untilAt,
  clockOffsetMs,
  isLarge = false,
}: {
  startedAt: string
  untilAt: string | null
  clockOffsetMs: number
  isLarge?: boolean
}) {
  const t = useTranslations('room.speaking')
  const { text, tone } = useSpeechClock(startedAt, untilAt, clockOffsetMs)
  const warning = tone === 'soon' ? t('soon') : tone === 'over' ? t('over') : ''
  return (
    <span
      data-testid="speech-clock"
      data-tone={tone}
      className={cx(
        'tabular inline-flex shrink-0 items-center gap-1.5 rounded-md px-2 font-bold whitespace-nowrap',
        isLarge ? 'py-1 text-3xl' : 'py-0.5 text-lg',
        tones[tone],
      )}
    >
      {tone !== 'running' && <TriangleAlert aria-hidden className="size-[0.9em]" />}
      <span role="timer" aria-label={t('clock')}>
        {text}
      </span>
      <span role="status" className={isLarge ? 'text-base font-semibold' : 'sr-only'}>
        {warning}
      </span>
    </span>
  )
}
