'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import type { ReactNode } from 'react'
import { SignInAgainProvider } from '../../ui/sign-in-again.tsx'
import type { SignInState } from './sign-in-form.tsx'

// Needed seldom: loaded when a session has ended under a form.
const SignInAgainDialog = dynamic(() =>
  import('./sign-in-again-dialog.tsx').then(loaded => loaded.SignInAgainDialog),
)

/** Lets every form of the portal ask to sign in again, with the address of the account that was signed in. */
export function SignInAgain({
  email,
  signIn,
  children,
}: {
  email: string
  signIn: (before: SignInState, form: FormData) => Promise<SignInState>
  children: ReactNode
}) {
  const router = useRouter()
  return (
    <SignInAgainProvider
      render={settle => (
        <SignInAgainDialog
          email={email}
          signIn={signIn}
          settle={isSignedIn => {
            settle(isSignedIn)
            // Somebody else may have signed in: the frame shows who it is.
            if (isSignedIn) router.refresh()
          }}
        />
      )}
    >
      {children}
    </SignInAgainProvider>
  )
}
