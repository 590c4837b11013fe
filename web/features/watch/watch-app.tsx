'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { CircleCheck, CircleX } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { exposeForTests } from '../../live/expose-for-tests.ts'
import { MeetingSession, type OverReason } from '../../live/meeting-session.ts'
import { startPollMs } from '../../live/rejoin-policy.ts'
import { loadJoin, loadSettings, type SavedSettings, saveJoin } from '../../live/saved-settings.ts'
import { useStore } from '../../live/use-store.ts'
import { Button } from '../../ui/button.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { WaitingLine } from '../../ui/waiting-line.tsx'
import { PasscodeForm } from './passcode-form.tsx'
import { WatchRoom } from './watch-room.tsx'

/** How soon (ms) a server that did not answer is asked again. */
const RETRY_MS = 8000
/** The portal counts the joins of a network by the minute. */
const CROWDED_RETRY_MS = 20_000

/** The public page for voters: joins by itself, asks for no device and no account, and comes back by itself. */
export function WatchApp({ code, meeting }: { code: string; meeting: PublicMeeting | null }) {
  const [settings, setSettings] = useState<SavedSettings | null>(null)
  const [stay, setStay] = useState(0)
  // While a meeting that has not begun is asked for again, its page stays as it is.
  const [waitsForStart, setWaitsForStart] = useState(false)
  useEffect(() => setSettings(loadSettings()), [])
  const again = useCallback((why?: 'too_early' | 'no_answer') => {
    if (why !== 'no_answer') setWaitsForStart(why === 'too_early')
    setStay(count => count + 1)
  }, [])
  if (!meeting) return <WatchOver why="not_found" title={null} onAgain={() => again()} />
  if (meeting.status === 'ended' || meeting.status === 'cancelled')
    return <WatchOver why={meeting.status} title={meeting.title} onAgain={() => again()} />
  if (!meeting.watchAllowed)
    return <WatchOver why="not_allowed" title={meeting.title} onAgain={() => again()} />
  if (!settings) return <Loading title={meeting.title} />
  return (
    <WatchStay
      key={stay}
      code={code}
      meeting={meeting}
      settings={settings}
      placeholder={waitsForStart ? <NotStarted meeting={meeting} /> : null}
      onAgain={again}
    />
  )
}

function WatchStay({
  code,
  meeting,
  settings,
  placeholder,
  onAgain,
}: {
  code: string
  meeting: PublicMeeting
  settings: SavedSettings
  /** Shown while there is nothing else to show; null: that it is loading, or why it takes long. */
  placeholder: ReactNode
  onAgain: (why?: 'too_early' | 'no_answer') => void
}) {
  const [session, setSession] = useState<MeetingSession | null>(null)
  useEffect(() => {
    // Sound waits for a tap: nobody is surprised in a bus, and browsers ask for it anyway.
    const made = new MeetingSession(code, settings, false)
    const conceal = exposeForTests(made)
    setSession(made)
    const { passcode } = loadJoin(code)
    void made.join({ as: 'viewer', deviceId: settings.deviceId, ...(passcode ? { passcode } : {}) }, [])
    return () => {
      conceal()
      made.close()
    }
  }, [code, settings])
  if (!session) return placeholder ?? <Loading title={meeting.title} />
  return (
    <WatchPhases
      session={session}
      meeting={meeting}
      settings={settings}
      placeholder={placeholder}
      onAgain={onAgain}
    />
  )
}

function WatchPhases({
  session,
  meeting,
  settings,
  placeholder,
  onAgain,
}: {
  session: MeetingSession
  meeting: PublicMeeting
  settings: SavedSettings
  /** Shown while there is nothing else to show; null: that it is loading, or why it takes long. */
  placeholder: ReactNode
  onAgain: (why?: 'too_early' | 'no_answer') => void
}) {
  const phase = useStore(session.phase)
  const isWaitingForStart = phase.name === 'over' && phase.why === 'too_early'
  const opensAt = phase.name === 'over' ? phase.opensAt : null
  // A viewer needs no code: where many wait behind one address, it is only too early to ask again.
  const isCrowded = phase.name === 'check' && phase.problem === 'too_many_attempts'
  const isUnreachable = isCrowded || (phase.name === 'check' && phase.problem === 'unreachable')

  useEffect(() => {
    if (!isWaitingForStart && !isUnreachable) return
    // Not all of a hall at once.
    const delayMs = isWaitingForStart
      ? startPollMs(opensAt, Date.now())
      : (isCrowded ? CROWDED_RETRY_MS : RETRY_MS) * (1 + Math.random() / 2)
    const timer = setTimeout(() => onAgain(isWaitingForStart ? 'too_early' : 'no_answer'), delayMs)
    return () => clearTimeout(timer)
  }, [isWaitingForStart, opensAt, isUnreachable, isCrowded, onAgain])

  if (phase.name === 'room')
    return <WatchRoom session={session} meeting={meeting} admitted={phase.admitted} />
  if (phase.name === 'over')
    return isWaitingForStart ? (
      <NotStarted meeting={meeting} />
    ) : (
      <WatchOver why={phase.why} title={meeting.title} onAgain={() => onAgain()} />
    )
  if (phase.name === 'check' && phase.problem && !isUnreachable)
    return (
      <PasscodeForm
        meeting={meeting}
        problem={phase.problem}
        onSend={passcode => {
          saveJoin(meeting.code, { ...loadJoin(meeting.code), passcode })
          void session.join({ as: 'viewer', deviceId: settings.deviceId, passcode }, [])
        }}
      />
    )
  if (placeholder) return placeholder
  const why = isCrowded ? 'crowded' : isUnreachable ? 'unreachable' : undefined
  return <Loading title={meeting.title} why={why} />
}

function NotStarted({ meeting }: { meeting: PublicMeeting }) {
  const t = useTranslations('room.watch')
  const formats = useFormats()
  return (
    <main
      data-testid="over-page"
      data-reason="too_early"
      className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center gap-4 px-6 py-10"
    >
      <h1 className="text-2xl font-semibold">{meeting.title}</h1>
      <p role="status" className="text-lg">
        {t('notStarted', { time: formats.dayTime(meeting.startsAt) })}
      </p>
      {meeting.description && <p className="whitespace-pre-line text-muted">{meeting.description}</p>}
    </main>
  )
}

function WatchOver({
  why,
  title,
  onAgain,
}: {
  why: OverReason | 'not_allowed'
  title: string | null
  onAgain: () => void
}) {
  const t = useTranslations('room')
  const Icon = why === 'ended' ? CircleCheck : CircleX
  // What the portal calls "guests not allowed" means for viewers that nothing is broadcast.
  const isClosed = why === 'not_allowed' || why === 'guests_not_allowed'
  const isFinal =
    isClosed || why === 'ended' || why === 'cancelled' || why === 'not_found' || why === 'removed'
  return (
    <main
      data-testid="over-page"
      data-reason={why}
      className="mx-auto flex min-h-dvh max-w-xl flex-col items-center justify-center gap-4 px-6 py-10 text-center"
    >
      <Icon aria-hidden className="size-12 stroke-[1.5] text-muted" />
      {title && <p className="text-muted">{title}</p>}
      <h1 className="text-2xl font-semibold text-balance">
        {isClosed ? t('watch.notAllowed.title') : t(`over.${why}.title`)}
      </h1>
      <p className="text-lg text-pretty">{isClosed ? t('watch.notAllowed.text') : t(`over.${why}.text`)}</p>
      {!isFinal && (
        <Button variant="primary" size="lg" data-testid="join-again" onClick={onAgain}>
          {t('watch.rejoin')}
        </Button>
      )}
    </main>
  )
}

function Loading({ title, why }: { title: string; why?: 'crowded' | 'unreachable' | undefined }) {
  const t = useTranslations('room')
  return <WaitingLine title={title}>{why ? t(`watch.${why}`) : t('loading')}</WaitingLine>
}
