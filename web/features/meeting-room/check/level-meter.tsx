'use client'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import { meterLevel, watchLevel } from '../../../live/audio-level.ts'

const BARS = 12
/** Above this the meter counts as "we hear you". */
const HEARD = 0.35

/** Shows how loud the microphone is, and says in words once it was heard. */
export function LevelMeter({ track }: { track: MediaStreamTrack }) {
  const t = useTranslations('room.check')
  const bars = useRef<HTMLDivElement>(null)
  const [wasHeard, setHeard] = useState(false)

  useEffect(() => {
    let shown = 0
    return watchLevel(track, level => {
      // Falls slowly, so that the eye can follow.
      shown = Math.max(meterLevel(level), shown - 0.06)
      if (shown > HEARD) setHeard(true)
      const lit = Math.round(shown * BARS)
      bars.current?.childNodes.forEach((bar, index) => {
        ;(bar as HTMLElement).style.opacity = index < lit ? '1' : '0.22'
      })
      if (bars.current) bars.current.dataset.level = shown.toFixed(2)
    })
  }, [track])

  return (
    <div className="flex min-h-6 items-center gap-3 text-sm">
      <div ref={bars} aria-hidden data-testid="mic-level" className="flex items-end gap-1">
        {Array.from({ length: BARS }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars never change places.
          <span key={index} className="h-4 w-1.5 rounded-full bg-ok opacity-20" />
        ))}
      </div>
      <span className="text-muted">{wasHeard ? t('micHeard') : t('micSaySomething')}</span>
    </div>
  )
}
