'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { DoorOpen } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Button } from '../../ui/button.tsx'
import { initialFocus, useInitialFocus } from '../../ui/use-initial-focus.ts'

/** In the lobby: what happens now, and that nothing needs to be done. */
export function WaitingPage({
  meeting,
  claimedId,
  onLeave,
}: {
  meeting: PublicMeeting
  /** The endpoint they picked: why they may be waiting. */
  claimedId: string | null
  onLeave: () => void
}) {
  const t = useTranslations('room.lobby')
  const claimed = meeting.endpoints.find(endpoint => endpoint.id === claimedId)
  useInitialFocus()
  return (
    <main
      data-testid="lobby-waiting"
      className="mx-auto flex min-h-dvh max-w-xl flex-col items-center justify-center gap-4 px-6 py-10 text-center"
    >
      <DoorOpen aria-hidden className="size-12 animate-pulse-slow text-accent" />
      <p className="text-muted">{meeting.title}</p>
      <div role="status">
        <h1 className="text-2xl font-semibold">{t(claimed ? 'claimWaits' : 'title')}</h1>
        {claimed && (
          <p className="mt-1 text-xl font-semibold text-balance">
            <bdi>{[claimed.hall, claimed.unit].filter(Boolean).join(' – ')}</bdi>
          </p>
        )}
      </div>
      <p className="text-lg text-pretty">{t('text')}</p>
      <p className="text-muted">{t('note')}</p>
      <Button {...initialFocus} className="mt-2" onClick={onLeave}>
        {t('leave')}
      </Button>
    </main>
  )
}
