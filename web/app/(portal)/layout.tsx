import type { ReactNode } from 'react'
import { SignInAgain } from '../../features/accounts/sign-in-again.tsx'
import { AppShell } from '../../features/shell/app-shell.tsx'
import { getActor } from '../../server/accounts/get-actor.ts'
import { setLocale, setTheme } from '../preference-actions.ts'
import { readTheme } from '../preferences.ts'
import { signInHere, signOut } from '../sign-in/actions.ts'

/** The frame. Each page below asks for an account itself, because only it knows where to come back to after signing in. */
export default async function PortalLayout({ children }: { children: ReactNode }) {
  const actor = await getActor()
  if (!actor) return children
  return (
    <AppShell user={actor} theme={await readTheme()} actions={{ setTheme, setLocale, signOut }}>
      <SignInAgain email={actor.email} signIn={signInHere}>
        {children}
      </SignInAgain>
    </AppShell>
  )
}
