'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { ChevronRight, KeyRound, UserRound } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { type ReactNode, useEffect } from 'react'
import { loadJoin } from '../../live/saved-settings.ts'
import { TextLink } from '../../ui/link-button.tsx'
import { useFormats } from '../../ui/use-formats.ts'

/**
 * First thing somebody sees who opens a meeting's link without being signed in: an official has an account and no code, a
 * guest a code and no account. A browser that has come in here as a guest before goes on by itself.
 */
export function EntranceChoice({
  meeting,
  signInHref,
  guestHref,
}: {
  meeting: Pick<PublicMeeting, 'code' | 'title' | 'startsAt' | 'endsAt' | 'guestsAllowed' | 'watchAllowed'>
  signInHref: string
  guestHref: string
}) {
  const t = useTranslations('portal.entrance')
  const format = useFormats()
  const router = useRouter()
  useEffect(() => {
    if (loadJoin(meeting.code).passcode !== '') router.replace(guestHref)
  }, [meeting.code, guestHref, router])
  return (
    <main
      data-testid="entrance"
      className="mx-auto flex min-h-dvh max-w-2xl flex-col justify-center gap-6 px-5 py-10"
    >
      <header>
        <p className="tabular text-muted">{format.range(meeting.startsAt, meeting.endsAt)}</p>
        <h1 className="mt-1 text-2xl font-semibold text-balance sm:text-3xl">{meeting.title}</h1>
      </header>
      <h2 className="text-xl font-semibold">{t('title')}</h2>
      <ul className="flex flex-col gap-3">
        <Way
          href={signInHref}
          icon={<UserRound aria-hidden />}
          title={t('account')}
          help={t('accountHelp')}
          testId="entrance-account"
        />
        <Way
          href={guestHref}
          icon={<KeyRound aria-hidden />}
          title={t('guest')}
          help={t(meeting.guestsAllowed ? 'guestHelp' : 'hallOnly')}
          testId="entrance-guest"
        />
      </ul>
      {!meeting.guestsAllowed && <p className="text-muted">{t('membersOnly')}</p>}
      {meeting.watchAllowed && (
        <p>
          <TextLink href={`/w/${meeting.code}`}>{t('watch')}</TextLink>
        </p>
      )}
    </main>
  )
}

function Way({
  href,
  icon,
  title,
  help,
  testId,
}: {
  href: string
  icon: ReactNode
  title: string
  help: string
  testId: string
}) {
  return (
    <li>
      <Link
        href={href}
        prefetch={false}
        data-testid={testId}
        className="flex min-h-20 items-center gap-4 rounded-md border-2 border-line bg-surface px-5 py-4 hover:border-accent hover:bg-accent-soft [&>svg]:size-7 [&>svg]:shrink-0"
      >
        {icon}
        <span className="min-w-0 flex-1">
          <span className="block text-lg font-semibold">{title}</span>
          <span className="block text-muted">{help}</span>
        </span>
        <ChevronRight aria-hidden />
      </Link>
    </li>
  )
}
