'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { useTranslations } from 'next-intl'
import { useCallback, useEffect, useState } from 'react'
import { loadSettings, type SavedSettings } from '../../live/saved-settings.ts'
import { useLate } from '../../ui/use-late.ts'
import { WatchFrame } from './watch-frame.tsx'
import { NotStarted, WatchOver } from './watch-over.tsx'

/** Media and sockets weigh three times the rest of the page: they come when there is something to read already. */
const loadStay = () => import('./watch-stay.tsx')

/** The public page for voters: joins by itself, asks for no device and no account, and comes back by itself. */
export function WatchApp({ code, meeting }: { code: string; meeting: PublicMeeting | null }) {
  const t = useTranslations('room')
  const [settings, setSettings] = useState<SavedSettings | null>(null)
  const [stay, setStay] = useState(0)
  const [wantsSound, setWantsSound] = useState(false)
  // While a meeting that has not begun is asked for again, its page stays as it is.
  const [waitsForStart, setWaitsForStart] = useState(false)
  const late = useLate(loadStay)
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
  const frame = (status: string) =>
    waitsForStart ? (
      <NotStarted meeting={meeting} />
    ) : (
      <WatchFrame
        meeting={meeting}
        status={status}
        wantsSound={wantsSound}
        onSound={() => setWantsSound(true)}
      />
    )
  if (!settings || !late) return frame(t('loading'))
  return (
    <late.WatchStay
      key={stay}
      code={code}
      meeting={meeting}
      settings={settings}
      wantsSound={wantsSound}
      frame={frame}
      onAgain={again}
    />
  )
}
