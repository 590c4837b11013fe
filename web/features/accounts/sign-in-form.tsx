'use client'
import { useTranslations } from 'next-intl'
import { useActionState } from 'react'
import { Field } from '../../ui/field.tsx'
import { Input, PasswordInput } from '../../ui/input.tsx'
import { SubmitButton } from '../../ui/submit-button.tsx'

export interface SignInState {
  /** What went wrong, in words. */
  fault: string | null
  /** Typed once, kept after a wrong password. */
  email: string
  /** Signed in without leading anywhere, as beside a form. */
  isSignedIn?: boolean
}

/**
 * E-mail and password. A form with an action, so that it is posted and works even before the page's script has loaded
 * (a plain form would put the password into the address). On success the action itself leads to the next page.
 */
export function SignInForm({
  email = '',
  signIn,
}: {
  /** Filled in at the beginning. */
  email?: string
  signIn: (before: SignInState, form: FormData) => Promise<SignInState>
}) {
  const t = useTranslations('portal.signIn')
  const [state, action, isPending] = useActionState(signIn, { fault: null, email })
  return (
    <form action={action} className="flex flex-col gap-5">
      {state.fault && (
        <p role="alert" className="rounded-md border-2 border-danger bg-danger-soft px-4 py-3 font-medium">
          {state.fault}
        </p>
      )}
      <Field label={t('email')} id="email">
        <Input
          key={state.email}
          type="text"
          inputMode="email"
          name="email"
          autoComplete="username"
          spellCheck={false}
          autoCapitalize="none"
          defaultValue={state.email}
        />
      </Field>
      <Field label={t('password')} id="password">
        <PasswordInput name="password" />
      </Field>
      <SubmitButton block pending={isPending}>
        {isPending ? t('signingIn') : t('submit')}
      </SubmitButton>
    </form>
  )
}
