'use client'
import { REOPEN_WITHIN_MS } from '@diemcau/core/meeting/reopen.ts'
import {
  CalendarClock,
  CircleCheck,
  CircleX,
  Copy,
  DoorClosed,
  DoorOpen,
  Lock,
  LogOut,
  type LucideIcon,
  SearchX,
  UserRound,
  UserX,
} from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { fetchMeetingStatus } from '../../live/join-client.ts'
import type { OverReason } from '../../live/meeting-session.ts'
import { saveInside } from '../../live/saved-settings.ts'
import { Button } from '../../ui/button.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { initialFocus, useInitialFocus } from '../../ui/use-initial-focus.ts'

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
  signed_out: LogOut,
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
  reopen,
  code,
}: {
  why: OverReason
  title: string | null
  opensAt: string | null
  signInHref: string
  /** Where signed-in people go on; guests have nowhere to go. */
  homeHref: string | null
  onAgain: () => void
  /** Takes the end back, for those who may; resolves to the text of what went wrong. */
  reopen: (() => Promise<string | undefined>) | null
  code: string
}) {
  const t = useTranslations('room.over')
  const formats = useFormats()
  const isReopened = useReopened(code, why === 'ended')
  const Icon = isReopened ? DoorOpen : (icons[why] ?? CircleX)
  useInitialFocus()

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
      <div role="status">
        <h1 className="text-2xl font-semibold text-balance">
          {t(isReopened ? 'reopened.title' : `${why}.title`)}
        </h1>
      </div>
      <p className="text-lg text-pretty">
        {isReopened
          ? t('reopened.text')
          : why === 'too_early' && opensAt
            ? t('too_early.opens', { time: formats.dayTime(opensAt) })
            : t(`${why}.text`)}
      </p>
      {reopen && !isReopened && <p className="text-muted text-balance">{t('reopenHelp')}</p>}
      <div className="mt-2 flex flex-wrap justify-center gap-3">
        {isReopened && (
          <Button
            {...initialFocus}
            variant="primary"
            size="lg"
            data-testid="rejoin-reopened"
            onClick={() => goBackIn(code)}
          >
            {t('rejoin')}
          </Button>
        )}
        {reopen && !isReopened && <ReopenButton reopen={reopen} code={code} />}
        {RETRYABLE.includes(why) && (
          <Button {...initialFocus} variant="primary" size="lg" data-testid="join-again" onClick={onAgain}>
            {t(why === 'left' || why === 'duplicate' ? 'rejoin' : 'again')}
          </Button>
        )}
        {(why === 'guests_not_allowed' || why === 'signed_out') && (
          <Button {...initialFocus} asChild variant="primary" size="lg">
            <Link href={signInHref} data-testid="sign-in">
              {t('signIn')}
            </Link>
          </Button>
        )}
        {homeHref && (
          <Button {...initialFocus} asChild size="lg">
            <Link href={homeHref}>{t('home')}</Link>
          </Button>
        )}
      </div>
    </main>
  )
}

/** Opens the meeting afresh; its check page goes on by itself. */
function goBackIn(code: string): void {
  saveInside(code, Date.now())
  window.location.reload()
}

function ReopenButton({ reopen, code }: { reopen: () => Promise<string | undefined>; code: string }) {
  const t = useTranslations('room.over')
  const [isPending, setPending] = useState(false)
  const [fault, setFault] = useState<string | undefined>()
  return (
    <>
      <Button
        size="lg"
        data-testid="reopen-meeting"
        icon={<DoorOpen aria-hidden />}
        pending={isPending}
        onClick={async () => {
          setPending(true)
          const text = await reopen()
          setPending(false)
          setFault(text)
          if (!text) goBackIn(code)
        }}
      >
        {t('reopen')}
      </Button>
      {fault && (
        <p role="alert" className="w-full text-danger">
          {fault}
        </p>
      )}
    </>
  )
}

const LOOK_EVERY_MS = 5_000

/** Whether a meeting that has ended was opened again; looked at as long as an end can be taken back. */
function useReopened(code: string, isEnded: boolean): boolean {
  const [isReopened, setReopened] = useState(false)
  useEffect(() => {
    if (!isEnded || isReopened) return
    const until = Date.now() + REOPEN_WITHIN_MS
    const timer = setInterval(() => {
      if (Date.now() > until) return clearInterval(timer)
      void fetchMeetingStatus(code).then(status => {
        if (status === 'live') setReopened(true)
      })
    }, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [code, isEnded, isReopened])
  return isReopened
}
