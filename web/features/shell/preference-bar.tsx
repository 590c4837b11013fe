'use client'
import { Languages, SunMoon } from 'lucide-react'
import { Button } from '../../ui/button.tsx'
import { lazyMenu } from '../../ui/lazy-menu.tsx'
import type { PreferenceActions, ThemeChoice } from './preference-types.ts'
import { usePreferences } from './use-preferences.ts'

const PreferenceMenu = lazyMenu(() => import('./shell-menus.tsx').then(loaded => loaded.PreferenceMenu))

/** Both choices as two small menus, for pages outside the frame. */
export function PreferenceBar({ theme, actions }: { theme: ThemeChoice; actions: PreferenceActions }) {
  const preferences = usePreferences(theme, actions)
  const current = preferences.locale.options.find(language => language.value === preferences.locale.value)
  return (
    <>
      <PreferenceMenu
        which="locale"
        theme={theme}
        actions={actions}
        trigger={
          <Button variant="plain" icon={<Languages aria-hidden />}>
            {current?.label}
          </Button>
        }
      />
      <PreferenceMenu
        which="theme"
        theme={theme}
        actions={actions}
        trigger={
          <Button variant="plain" icon={<SunMoon aria-hidden />}>
            {preferences.theme.label}
          </Button>
        }
      />
    </>
  )
}
