'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { exposeForTests } from '../../live/expose-for-tests.ts'
import { MeetingSession, type Phase } from '../../live/meeting-session.ts'
import { type SavedSettings, saveInside } from '../../live/saved-settings.ts'
import { useStore } from '../../live/use-store.ts'
import { useLate } from '../../ui/use-late.ts'
import { WaitingLine } from '../../ui/waiting-line.tsx'
import { CheckPage } from './check/check-page.tsx'
import { isHallDevice } from './hall-device.ts'
import { Over } from './over.tsx'
import { WaitingPage } from './waiting-page.tsx'

/** Comes while the check page is being read. */
const loadRoom = () => import('./room/room-view.tsx')

/** One stay: from the check page until the meeting is over for this person. Coming back is a new stay. */
export function Stay({
  meeting,
  settings,
  onSettings,
  onAgain,
}: {
  meeting: PublicMeeting
  settings: SavedSettings
  onSettings: (settings: SavedSettings) => void
  onAgain: () => void
}) {
  const session = useSession(meeting.code, settings)
  if (!session) return <Loading title={meeting.title} />
  return (
    <Phases
      session={session}
      meeting={meeting}
      settings={settings}
      onSettings={onSettings}
      onAgain={onAgain}
    />
  )
}

/** The session lives as long as the component; it is made in an effect because it opens things that must be closed. */
function useSession(code: string, settings: SavedSettings): MeetingSession | null {
  const [session, setSession] = useState<MeetingSession | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: later changes of the settings go to the running session.
  useEffect(() => {
    const made = new MeetingSession(code, settings, true)
    const conceal = exposeForTests(made)
    setSession(made)
    return () => {
      conceal()
      made.close()
    }
  }, [code])
  return session
}

function Phases({
  session,
  meeting,
  settings,
  onSettings,
  onAgain,
}: {
  session: MeetingSession
  meeting: PublicMeeting
  settings: SavedSettings
  onSettings: (settings: SavedSettings) => void
  onAgain: () => void
}) {
  const phase = useStore(session.phase)
  useRememberedHall(meeting, phase.name)
  const room = useLate(loadRoom)
  switch (phase.name) {
    case 'check':
    case 'joining':
      return (
        <CheckPage
          meeting={meeting}
          settings={settings}
          phase={phase}
          onSettings={onSettings}
          onJoin={(request, tracks, wants) => {
            session.media.local.prepare(settings, wants)
            void session.join(request, tracks)
          }}
        />
      )
    case 'waiting':
      return <WaitingPage meeting={meeting} claimedId={phase.claimedId} onLeave={() => session.leave()} />
    case 'room':
      return room ? (
        <room.RoomView
          session={session}
          meeting={meeting}
          admitted={phase.admitted}
          settings={settings}
          onSettings={onSettings}
        />
      ) : (
        <Loading title={meeting.title} />
      )
    case 'over':
      return (
        <Over
          why={phase.why}
          opensAt={phase.opensAt}
          code={meeting.code}
          meeting={meeting}
          onAgain={onAgain}
        />
      )
  }
}

/**
 * A hall that is in the meeting comes back by itself after a reload or a power cut; whoever left, or was sent away, does not.
 * Others come back by themselves once, when they asked for it on the page in place of the meeting.
 */
function useRememberedHall(meeting: PublicMeeting, phase: Phase['name']): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a phase. News of the meeting, which come with an end taken back, must not undo the wish to go back in.
  useEffect(() => {
    if (phase === 'room') saveInside(meeting.code, isHallDevice(meeting) ? Date.now() : null)
    else if (phase === 'over') saveInside(meeting.code, null)
  }, [phase])
}

const Loading = ({ title }: { title: string }) => (
  <WaitingLine title={title}>{useTranslations('room')('loading')}</WaitingLine>
)
