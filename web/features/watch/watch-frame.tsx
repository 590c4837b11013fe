'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { Volume2 } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { useFormats } from '../../ui/use-formats.ts'

/** What fills the place of the picture, whether there is one or not: nothing jumps when it comes. */
export const PICTURE_BOX =
  'relative flex aspect-video max-h-[56dvh] w-full max-lg:landscape:max-h-dvh items-center justify-center overflow-hidden bg-black text-white lg:max-h-dvh'

export const SOUND_BUTTON =
  'flex min-h-14 items-center gap-2 rounded-lg bg-[#ffd24d] px-5 text-lg font-semibold text-[#2b2000] [&_svg]:size-6'

/** The page in two parts: the picture, which stays in view, and the words under or beside it. */
export const WatchLayout = ({
  picture,
  children,
  foot,
}: {
  picture: ReactNode
  children: ReactNode
  foot?: ReactNode
}) => (
  <main className="min-h-dvh lg:flex">
    <div className="sticky top-0 z-10 lg:flex lg:h-dvh lg:min-w-0 lg:flex-1 lg:items-center lg:bg-black">
      {picture}
    </div>
    <div className="flex flex-col gap-4 px-4 py-4 lg:w-96 lg:shrink-0 lg:overflow-y-auto lg:px-6 lg:py-6 2xl:w-[30rem] 2xl:text-xl">
      {children}
    </div>
    {foot}
  </main>
)

/** What is known of the meeting without being in it. */
export function WatchFacts({ meeting, agenda }: { meeting: PublicMeeting; agenda: string }) {
  const t = useTranslations('room.watch')
  const formats = useFormats()
  return (
    <>
      {agenda && (
        <section>
          <h2 className="font-semibold">{t('agenda')}</h2>
          <p className="mt-1 whitespace-pre-line">{agenda}</p>
        </section>
      )}
      {meeting.description && (
        <section>
          <h2 className="font-semibold">{t('about')}</h2>
          <p className="mt-1 whitespace-pre-line text-muted">{meeting.description}</p>
        </section>
      )}
      <p className="text-muted">{formats.range(meeting.startsAt, meeting.endsAt)}</p>
    </>
  )
}

/** Before the picture: what the meeting is, and the one thing to press. The rest of the page is still being loaded. */
export function WatchFrame({
  meeting,
  status,
  wantsSound,
  onSound,
}: {
  meeting: PublicMeeting
  /** What is waited for, in words. */
  status: string
  wantsSound: boolean
  onSound: () => void
}) {
  const t = useTranslations('room.watch')
  return (
    <WatchLayout
      picture={
        <div data-theme="dark" className={PICTURE_BOX}>
          <p role="status" className="p-6 pb-16 text-center text-lg text-pretty 2xl:text-3xl">
            {status}
          </p>
          {!wantsSound && (
            <div className="absolute bottom-2 left-2">
              <button type="button" data-testid="watch-start" onClick={onSound} className={SOUND_BUTTON}>
                <Volume2 aria-hidden />
                {t('sound')}
              </button>
            </div>
          )}
        </div>
      }
    >
      <h1 className="text-xl leading-snug font-semibold 2xl:text-3xl">{meeting.title}</h1>
      <WatchFacts meeting={meeting} agenda={meeting.agenda} />
    </WatchLayout>
  )
}
