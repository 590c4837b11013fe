'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { useTranslations } from 'next-intl'
import { useCallback, useEffect, useState } from 'react'
import { exposeForTests } from '../../live/expose-for-tests.ts'
import { MeetingSession, type OverReason } from '../../live/meeting-session.ts'
import { loadSettings, type SavedSettings } from '../../live/saved-settings.ts'
import { useStore } from '../../live/use-store.ts'
import { WaitingLine } from '../../ui/waiting-line.tsx'
import { CheckPage } from './check/check-page.tsx'
import { OverPage } from './over-page.tsx'
import { RoomView } from './room/room-view.tsx'
import { WaitingPage } from './waiting-page.tsx'

/**
 * Everything behind `/m/[code]` in one client application, so that going from the check page through the lobby into
 * the room loads nothing and keeps the camera open. `meeting` is null when there is no such meeting.
 */
export function MeetingRoomApp({ code, meeting }: { code: string; meeting: PublicMeeting | null }) {
  const [settings, setSettings] = useState<SavedSettings | null>(null)
  const [stay, setStay] = useState(0)
  // What the browser remembers is known in the browser only; the server draws the frame.
  useEffect(() => setSettings(loadSettings()), [])
  const again = useCallback(() => setStay(count => count + 1), [])

  if (!meeting) return <Over why="not_found" code={code} meeting={null} onAgain={again} />
  if (meeting.status === 'ended' || meeting.status === 'cancelled')
    return <Over why={meeting.status} code={code} meeting={meeting} onAgain={again} />
  if (!settings) return <Loading />
  return <Stay key={stay} meeting={meeting} settings={settings} onSettings={setSettings} onAgain={again} />
}

/** One stay: from the check page until the meeting is over for this person. Coming back is a new stay. */
function Stay({
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
  if (!session) return <Loading />
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
      return <WaitingPage meeting={meeting} onLeave={() => session.leave()} />
    case 'room':
      return (
        <RoomView
          session={session}
          meeting={meeting}
          admitted={phase.admitted}
          settings={settings}
          onSettings={onSettings}
        />
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

function Over({
  why,
  opensAt = null,
  code,
  meeting,
  onAgain,
}: {
  why: OverReason
  opensAt?: string | null
  code: string
  meeting: PublicMeeting | null
  onAgain: () => void
}) {
  return (
    <OverPage
      why={why}
      title={meeting?.title ?? null}
      opensAt={opensAt}
      signInHref={`/sign-in?next=${encodeURIComponent(`/m/${code}`)}`}
      homeHref={meeting?.user ? '/' : null}
      onAgain={onAgain}
    />
  )
}

const Loading = () => <WaitingLine>{useTranslations('room')('loading')}</WaitingLine>
