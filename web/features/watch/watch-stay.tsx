'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { useTranslations } from 'next-intl'
import { type ReactNode, useEffect, useState } from 'react'
import { exposeForTests } from '../../live/expose-for-tests.ts'
import { MeetingSession } from '../../live/meeting-session.ts'
import { startPollMs } from '../../live/rejoin-policy.ts'
import { loadJoin, type SavedSettings, saveJoin } from '../../live/saved-settings.ts'
import { useStore } from '../../live/use-store.ts'
import { PasscodeForm } from './passcode-form.tsx'
import { NotStarted, WatchOver } from './watch-over.tsx'
import { WatchRoom } from './watch-room.tsx'

/** How soon (ms) a server that did not answer is asked again. */
const RETRY_MS = 8000
/** The portal counts the joins of a network by the minute. */
const CROWDED_RETRY_MS = 20_000

interface Stay {
  meeting: PublicMeeting
  settings: SavedSettings
  /** The voter has pressed the button for sound before there was any. */
  wantsSound: boolean
  /** The page while there is nothing else to show; it says `status`, why it takes long. */
  frame: (status: string) => ReactNode
  onAgain: (why?: 'too_early' | 'no_answer') => void
}

/** One stay of a voter: from joining until the meeting is over for them. Coming back is a new stay. */
export function WatchStay({ code, meeting, settings, wantsSound, frame, onAgain }: Stay & { code: string }) {
  const t = useTranslations('room')
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
  if (!session) return frame(t('loading'))
  return (
    <WatchPhases
      session={session}
      meeting={meeting}
      settings={settings}
      wantsSound={wantsSound}
      frame={frame}
      onAgain={onAgain}
    />
  )
}

function WatchPhases({
  session,
  meeting,
  settings,
  wantsSound,
  frame,
  onAgain,
}: Stay & { session: MeetingSession }) {
  const t = useTranslations('room')
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
    return <WatchRoom session={session} meeting={meeting} admitted={phase.admitted} wantsSound={wantsSound} />
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
  return frame(t(isCrowded ? 'watch.crowded' : isUnreachable ? 'watch.unreachable' : 'loading'))
}
