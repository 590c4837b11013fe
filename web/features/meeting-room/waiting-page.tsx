'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { DoorOpen } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Button } from '../../ui/button.tsx'

/** In the lobby: what happens now, and that nothing needs to be done. */
export function WaitingPage({ meeting, onLeave }: { meeting: PublicMeeting; onLeave: () => void }) {
  const t = useTranslations('room.lobby')
  return (
    <main
      data-testid="lobby-waiting"
      className="mx-auto flex min-h-dvh max-w-xl flex-col items-center justify-center gap-4 px-6 py-10 text-center"
    >
      <DoorOpen aria-hidden className="size-12 animate-pulse-slow text-accent" />
      <p className="text-muted">{meeting.title}</p>
      <h1 role="status" className="text-2xl font-semibold">
        {t('title')}
      </h1>
      <p className="text-lg">{t('text')}</p>
      <p className="text-muted">{t('note')}</p>
      <Button className="mt-2" onClick={onLeave}>
        {t('leave')}
      </Button>
    </main>
  )
}
