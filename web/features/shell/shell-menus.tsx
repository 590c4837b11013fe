'use client'
import type { AccountRole } from '@diemcau/core/roles.ts'
import { LogOut, UserRound } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useTransition } from 'react'
import type { LoadedMenuProps } from '../../ui/lazy-menu.tsx'
import { Menu, MenuChoice, MenuItem, MenuLink, MenuSeparator } from '../../ui/menu.tsx'
import { navigationFor } from './navigation.ts'
import type { PreferenceActions, ThemeChoice } from './preference-types.ts'
import type { ShellProps } from './shell-types.ts'
import { usePreferences } from './use-preferences.ts'

/** The menus of the frame; loaded when one of them is opened. */
export function UserMenu({
  user,
  theme,
  actions,
  side,
  align,
  ...menu
}: ShellProps & { side: 'top' | 'bottom'; align: 'start' | 'end' } & LoadedMenuProps) {
  const t = useTranslations('portal.nav')
  const preferences = usePreferences(theme, actions)
  const [, start] = useTransition()
  return (
    <Menu side={side} align={align} {...menu}>
      <div className="max-w-64 px-3 pt-2 pb-1">
        <p className="font-medium">{user.name}</p>
        <p className="text-sm break-all text-muted">{user.email}</p>
      </div>
      <MenuSeparator />
      <MenuLink href="/account" icon={<UserRound aria-hidden />}>
        {t('account')}
      </MenuLink>
      <MenuSeparator />
      <MenuChoice {...preferences.locale} />
      <MenuChoice {...preferences.theme} />
      <MenuSeparator />
      <MenuItem icon={<LogOut aria-hidden />} onSelect={() => start(() => actions.signOut())}>
        {t('signOut')}
      </MenuItem>
    </Menu>
  )
}

/** The pages of the administration, where the bar of a phone has no room for them. */
export function MoreMenu({ role, ...menu }: { role: AccountRole } & LoadedMenuProps) {
  const t = useTranslations('portal.nav')
  return (
    <Menu side="top" {...menu}>
      {navigationFor(role).administration.map(item => {
        const Icon = item.icon
        return (
          <MenuLink key={item.href} href={item.href} icon={<Icon aria-hidden />}>
            {t(item.key)}
          </MenuLink>
        )
      })}
    </Menu>
  )
}

/** Language or theme, outside the frame. */
export function PreferenceMenu({
  which,
  theme,
  actions,
  ...menu
}: { which: 'locale' | 'theme'; theme: ThemeChoice; actions: PreferenceActions } & LoadedMenuProps) {
  const preferences = usePreferences(theme, actions)
  return (
    <Menu side="top" align="center" {...menu}>
      {which === 'locale' ? <MenuChoice {...preferences.locale} /> : <MenuChoice {...preferences.theme} />}
    </Menu>
  )
}
