'use client'
import { useTranslations } from 'next-intl'
import { Dialog } from '../../ui/dialog.tsx'
import { SignInForm, type SignInState } from './sign-in-form.tsx'

/** Signing in beside a form whose session has ended; what was typed stays where it is. */
export function SignInAgainDialog({
  email,
  signIn,
  settle,
}: {
  /** Who was signed in. */
  email: string
  signIn: (before: SignInState, form: FormData) => Promise<SignInState>
  settle: (isSignedIn: boolean) => void
}) {
  const t = useTranslations('portal.signIn')
  return (
    <Dialog
      open
      onOpenChange={isOpen => !isOpen && settle(false)}
      size="sm"
      title={t('againTitle')}
      description={t('againHelp')}
    >
      <SignInForm
        email={email}
        signIn={async (before, form) => {
          const state = await signIn(before, form)
          if (state.isSignedIn) settle(true)
          return state
        }}
      />
    </Dialog>
  )
}
