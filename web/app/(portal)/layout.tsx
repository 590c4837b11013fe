import type { ReactNode } from 'react'
import { AppShell } from '../../features/shell/app-shell.tsx'
import { requireActor } from '../../server/accounts/get-actor.ts'
import { setLocale, setTheme } from '../preference-actions.ts'
import { readTheme } from '../preferences.ts'
import { signOut } from '../sign-in/actions.ts'

/** Every page below needs an account; others are led to the sign-in page. */
export default async function PortalLayout({ children }: { children: ReactNode }) {
  const actor = await requireActor()
  return (
    <AppShell user={actor} theme={await readTheme()} actions={{ setTheme, setLocale, signOut }}>
      {children}
    </AppShell>
  )
}
