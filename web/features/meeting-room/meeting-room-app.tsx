'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { useTranslations } from 'next-intl'
import { useCallback, useEffect, useState } from 'react'
import { loadSettings, type SavedSettings } from '../../live/saved-settings.ts'
import { useArrowFocus } from '../../ui/use-arrow-focus.ts'
import { useLargePage } from '../../ui/use-large-page.ts'
import { useLate } from '../../ui/use-late.ts'
import { WaitingLine } from '../../ui/waiting-line.tsx'
import { isHallDevice } from './hall-device.ts'
import { Over } from './over.tsx'
import { type Reopen, ReopenContext } from './reopen-context.ts'

/** Devices, media and sockets weigh more than the rest: they come after the first paint. */
const loadStay = () => import('./stay.tsx')

/**
 * Everything behind `/m/[code]` in one client application, so that going from the check page through the lobby into
 * the room loads nothing and keeps the camera open. `meeting` is null when there is no such meeting.
 */
export function MeetingRoomApp({
  code,
  meeting,
  reopen,
}: {
  code: string
  meeting: PublicMeeting | null
  reopen: Reopen
}) {
  return (
    <ReopenContext value={reopen}>
      <MeetingRoom code={code} meeting={meeting} />
    </ReopenContext>
  )
}

function MeetingRoom({ code, meeting }: { code: string; meeting: PublicMeeting | null }) {
  const t = useTranslations('room')
  const late = useLate(loadStay)
  const [settings, setSettings] = useState<SavedSettings | null>(null)
  const [stay, setStay] = useState(0)
  // What the browser remembers is known in the browser only; the server draws the frame.
  useEffect(() => setSettings(loadSettings()), [])
  const again = useCallback(() => setStay(count => count + 1), [])
  useArrowFocus()
  useLargePage(settings !== null && meeting !== null && isHallDevice(meeting))

  if (!meeting) return <Over why="not_found" code={code} meeting={null} onAgain={again} />
  if (meeting.status === 'ended' || meeting.status === 'cancelled')
    return <Over why={meeting.status} code={code} meeting={meeting} onAgain={again} />
  if (!settings || !late) return <WaitingLine title={meeting.title}>{t('loading')}</WaitingLine>
  return (
    <late.Stay key={stay} meeting={meeting} settings={settings} onSettings={setSettings} onAgain={again} />
  )
}
