'use server'
import { redirect } from 'next/navigation'
import { getLocale, getTimeZone, getTranslations } from 'next-intl/server'
import type { SignInState } from '../../features/accounts/sign-in-form.tsx'
import { signIn as signInWith } from '../../server/accounts/sign-in.ts'
import { signOut as endSession } from '../../server/accounts/sign-out.ts'
import { codeText } from '../../server/errors.ts'
import { toTyped } from '../../ui/lib/zoned-time.ts'
import { safeNext } from './safe-next.ts'

/** Signs in and leads to `next`; answers only when that failed. */
export async function signIn(next: string, before: SignInState, form: FormData): Promise<SignInState> {
  const state = await signInHere(before, form)
  if (state.isSignedIn) redirect(safeNext(next))
  return state
}

/** Signs in and stays, for a form whose session has ended meanwhile. */
export async function signInHere(_before: SignInState, form: FormData): Promise<SignInState> {
  const t = await getTranslations('portal.signIn')
  const email = String(form.get('email') ?? '').trim()
  const password = String(form.get('password') ?? '')
  if (!email || !password) return { email, fault: t('missing') }
  const answer = await signInWith({ email, password })
  if (answer.ok) return { email, fault: null, isSignedIn: true }
  const fault = answer.retryAt
    ? t('lockedOut', { time: toTyped(answer.retryAt, await getTimeZone()).time })
    : codeText(await getLocale(), answer.code)
  return { email, fault }
}

/** Ends this session and leads to the sign-in page. */
export async function signOut(): Promise<void> {
  await endSession()
  redirect('/sign-in')
}
