import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { SignInForm } from '../../features/accounts/sign-in-form.tsx'
import { Logo } from '../../features/shell/logo.tsx'
import { PreferenceBar } from '../../features/shell/preference-bar.tsx'
import { getActor } from '../../server/accounts/get-actor.ts'
import { TextLink } from '../../ui/link-button.tsx'
import type { RouteProps } from '../page-props.ts'
import { setLocale, setTheme } from '../preference-actions.ts'
import { readTheme } from '../preferences.ts'
import { signIn } from './actions.ts'
import { safeNext } from './safe-next.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.signIn'))('title') }
}

export default async function SignInPage({ searchParams }: RouteProps) {
  const next = safeNext((await searchParams).next)
  if (await getActor()) redirect(next)
  const t = await getTranslations()
  /** Whoever came from a meeting's link and has no account goes back to it as a guest. */
  const meetingPath = /^\/m\/[^/?#]+/.exec(next)?.[0]
  return (
    <div className="flex min-h-dvh flex-col">
      <main className="mx-auto flex w-full max-w-md flex-1 flex-col justify-center px-5 py-10">
        <div className="mb-8 flex items-center gap-3">
          <Logo />
          <div>
            <p className="text-xl leading-tight font-bold">{t('common.product')}</p>
            <p className="text-muted">{t('common.productTagline')}</p>
          </div>
        </div>
        <div className="rounded-md border border-line bg-surface p-6 sm:p-8">
          <h1 className="text-2xl font-semibold">{t('portal.signIn.title')}</h1>
          <p className="mt-1 mb-6 text-muted">{t('portal.signIn.intro')}</p>
          <SignInForm signIn={signIn.bind(null, next)} />
        </div>
        {meetingPath ? (
          <p className="mt-5">
            <TextLink href={`${meetingPath}?as=guest`} prefetch={false}>
              {t('portal.signIn.asGuest')}
            </TextLink>
          </p>
        ) : (
          <p className="mt-5 text-pretty text-muted">{t('portal.signIn.guestHelp')}</p>
        )}
      </main>
      <footer className="flex justify-center gap-2 p-4">
        <PreferenceBar theme={await readTheme()} actions={{ setTheme, setLocale }} />
      </footer>
    </div>
  )
}
