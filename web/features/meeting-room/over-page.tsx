'use client'
import {
  CalendarClock,
  CircleCheck,
  CircleX,
  Copy,
  DoorClosed,
  Lock,
  type LucideIcon,
  SearchX,
  UserRound,
  UserX,
} from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { useEffect } from 'react'
import type { OverReason } from '../../live/meeting-session.ts'
import { Button } from '../../ui/button.tsx'
import { useFormats } from '../../ui/use-formats.ts'

const icons: Partial<Record<OverReason, LucideIcon>> = {
  left: CircleCheck,
  ended: CircleCheck,
  removed: UserX,
  locked: Lock,
  too_early: CalendarClock,
  not_found: SearchX,
  duplicate: Copy,
  guests_not_allowed: UserRound,
  denied: DoorClosed,
}

/** After which reasons trying again makes sense. */
const RETRYABLE: readonly OverReason[] = [
  'left',
  'duplicate',
  'locked',
  'full',
  'too_early',
  'denied',
  'too_many_attempts',
  'wrong_code',
  'name_required',
]

/** The page in place of the meeting: why one is not in it, and what can be done. */
export function OverPage({
  why,
  title,
  opensAt,
  signInHref,
  homeHref,
  onAgain,
}: {
  why: OverReason
  title: string | null
  opensAt: string | null
  signInHref: string
  /** Where signed-in people go on; guests have nowhere to go. */
  homeHref: string | null
  onAgain: () => void
}) {
  const t = useTranslations('room.over')
  const formats = useFormats()
  const Icon = icons[why] ?? CircleX

  // Whoever came too early is let in by itself when the doors open.
  useEffect(() => {
    if (why !== 'too_early' || !opensAt) return
    const delayMs = Date.parse(opensAt) - Date.now() + 500
    if (!(delayMs < 24 * 3600_000)) return
    const timer = setTimeout(onAgain, Math.max(1000, delayMs))
    return () => clearTimeout(timer)
  }, [why, opensAt, onAgain])

  return (
    <main
      data-testid="over-page"
      data-reason={why}
      className="mx-auto flex min-h-dvh max-w-xl flex-col items-center justify-center gap-4 px-6 py-10 text-center"
    >
      <Icon aria-hidden className="size-12 stroke-[1.5] text-muted" />
      {title && <p className="text-muted">{title}</p>}
      <h1 className="text-2xl font-semibold text-balance">{t(`${why}.title`)}</h1>
      <p className="text-lg text-pretty">
        {why === 'too_early' && opensAt
          ? t('too_early.opens', { time: formats.dayTime(opensAt) })
          : t(`${why}.text`)}
      </p>
      <div className="mt-2 flex flex-wrap justify-center gap-3">
        {RETRYABLE.includes(why) && (
          <Button variant="primary" size="lg" data-testid="join-again" onClick={onAgain}>
            {t(why === 'left' || why === 'duplicate' ? 'rejoin' : 'again')}
          </Button>
        )}
        {why === 'guests_not_allowed' && (
          <Button asChild variant="primary" size="lg">
            <Link href={signInHref}>{t('signIn')}</Link>
          </Button>
        )}
        {homeHref && (
          <Button asChild size="lg">
            <Link href={homeHref}>{t('home')}</Link>
          </Button>
        )}
      </div>
    </main>
  )
}
