'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { CalendarClock, CircleCheck, CircleX } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { OverReason } from '../../live/meeting-session.ts'
import { Button } from '../../ui/button.tsx'
import { useFormats } from '../../ui/use-formats.ts'

/** Before the meeting: when it begins, and that nothing has to be done for it. */
export function NotStarted({ meeting }: { meeting: PublicMeeting }) {
  const t = useTranslations('room.watch')
  const formats = useFormats()
  return (
    <main
      data-testid="over-page"
      data-reason="too_early"
      className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center gap-4 px-6 py-10 2xl:max-w-4xl 2xl:text-2xl"
    >
      <CalendarClock aria-hidden className="size-12 stroke-[1.5] text-accent" />
      <h1 className="text-2xl font-semibold 2xl:text-4xl">{meeting.title}</h1>
      <p role="status" className="text-lg 2xl:text-2xl">
        {t('notStarted', { time: formats.dayTime(meeting.startsAt) })}
      </p>
      {meeting.agenda && (
        <section>
          <h2 className="font-semibold">{t('agendaPlanned')}</h2>
          <p className="mt-1 whitespace-pre-line">{meeting.agenda}</p>
        </section>
      )}
      {meeting.description && <p className="whitespace-pre-line text-muted">{meeting.description}</p>}
    </main>
  )
}

/** In place of the meeting: why there is nothing to see, and what can be done. */
export function WatchOver({
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
  // "Thank you for attending" and "look into your invitation" are said to those who take part.
  const hasOwnText = why === 'ended' || why === 'not_found' || why === 'full'
  return (
    <main
      data-testid="over-page"
      data-reason={why}
      className="mx-auto flex min-h-dvh max-w-xl flex-col items-center justify-center gap-4 px-6 py-10 text-center 2xl:max-w-4xl 2xl:text-2xl"
    >
      <Icon aria-hidden className="size-12 stroke-[1.5] text-muted" />
      {title && <p className="text-muted">{title}</p>}
      <h1 className="text-2xl font-semibold text-balance 2xl:text-4xl">
        {isClosed ? t('watch.notAllowed.title') : t(`over.${why}.title`)}
      </h1>
      <p className="text-lg text-pretty 2xl:text-2xl">
        {isClosed ? t('watch.notAllowed.text') : hasOwnText ? t(`watch.over.${why}`) : t(`over.${why}.text`)}
      </p>
      {!isFinal && (
        <Button variant="primary" size="lg" data-testid="join-again" onClick={onAgain}>
          {t(why === 'left' || why === 'duplicate' ? 'watch.rejoin' : 'over.again')}
        </Button>
      )}
    </main>
  )
}
