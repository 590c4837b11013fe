'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { canReopen } from '@diemcau/core/meeting/reopen.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import { use } from 'react'
import type { OverReason } from '../../live/meeting-session.ts'
import { OverPage } from './over-page.tsx'
import { ReopenContext } from './reopen-context.ts'

/** The page in place of this meeting, with where one can go from here. */
export function Over({
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
  const reopen = use(ReopenContext)
  return (
    <OverPage
      why={why}
      title={meeting?.title ?? null}
      opensAt={opensAt}
      signInHref={`/sign-in?next=${encodeURIComponent(`/m/${code}`)}`}
      homeHref={meeting?.user && why !== 'signed_out' ? '/' : null}
      onAgain={onAgain}
      code={code}
      reopen={why === 'ended' && meeting && mayReopen(meeting) ? () => reopen(meeting.code) : null}
    />
  )
}

/** Who ran the meeting a moment ago may open it again. The portal decides; here is only whether it is offered. */
const mayReopen = (meeting: PublicMeeting): boolean =>
  meeting.user !== null &&
  isModerator(meeting.user.role) &&
  (meeting.status !== 'ended' || canReopen(meeting, Date.now()))
