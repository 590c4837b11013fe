import { ChevronsUpDown, MoreHorizontal } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { Avatar } from '../../ui/avatar.tsx'
import { Logo } from './logo.tsx'
import { MoreMenuButton, UserMenuButton } from './menu-buttons.tsx'
import { NavLink } from './nav-link.tsx'
import { type NavigationItem, navigationFor } from './navigation.ts'
import type { ShellProps } from './shell-types.ts'

/**
 * The frame of every portal page: a rail at the left on wide screens, a bar at the bottom within the thumb's reach on
 * phones. Only one of the two exists for the reader at a time. Drawn on the server; links and menus know where one is.
 */
export function AppShell({ user, theme, actions, children }: ShellProps & { children: ReactNode }) {
  const t = useTranslations('portal.nav')
  const { everyday, administration } = navigationFor(user.role)
  return (
    <div className="lg:grid lg:grid-cols-[16rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-4 py-3 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t('skip')}
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-surface lg:flex">
        <Link href="/" className="flex min-h-18 items-center gap-3 px-5">
          <Logo />
          <ProductName />
        </Link>
        <nav aria-label={t('label')} className="flex flex-1 flex-col gap-0.5 overflow-y-auto px-3 py-2">
          {everyday.map(item => (
            <RailLink key={item.href} item={item} />
          ))}
          {administration.length > 0 && (
            <p className="mt-6 mb-1 px-3 text-sm font-semibold text-muted">{t('administration')}</p>
          )}
          {administration.map(item => (
            <RailLink key={item.href} item={item} />
          ))}
        </nav>
        <div className="border-t border-line p-2">
          <UserMenu user={user} theme={theme} actions={actions} side="top" />
        </div>
      </aside>

      <header className="sticky top-0 z-20 flex h-14 items-center justify-between border-b border-line bg-surface px-4 lg:hidden">
        <Link href="/" className="flex items-center gap-2.5">
          <Logo small />
          <ProductName />
        </Link>
        <UserMenu user={user} theme={theme} actions={actions} side="bottom" compact />
      </header>

      <main
        id="main"
        tabIndex={-1}
        className="mx-auto w-full max-w-[84rem] px-4 pt-5 pb-28 outline-none sm:px-6 lg:px-10 lg:pt-8 lg:pb-16 [--table-head-top:3.5rem] lg:[--table-head-top:0px]"
      >
        {children}
      </main>

      <nav
        aria-label={t('label')}
        className="fixed inset-x-0 bottom-0 z-20 grid auto-cols-fr grid-flow-col border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
      >
        {everyday.map(item => (
          <BarLink key={item.href} item={item} />
        ))}
        {administration.length > 0 && (
          <MoreMenuButton role={user.role} className={barStyles}>
            <MoreHorizontal aria-hidden className="size-6" />
            {t('more')}
          </MoreMenuButton>
        )}
      </nav>
    </div>
  )
}

function ProductName() {
  const t = useTranslations('common')
  return <span className="text-lg font-bold">{t('product')}</span>
}

function RailLink({ item }: { item: NavigationItem }) {
  const t = useTranslations('portal.nav')
  const Icon = item.icon
  return (
    <NavLink
      href={item.href}
      className="flex min-h-11 items-center gap-3 rounded-md px-3 font-medium text-text hover:bg-sunken aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent"
    >
      <Icon aria-hidden className="size-5 shrink-0" />
      {t(item.key)}
    </NavLink>
  )
}

const barStyles =
  'flex min-h-16 flex-col items-center justify-center gap-1 text-sm font-medium text-muted aria-[current=page]:text-accent aria-[current=page]:[&>svg]:stroke-[2.4]'

function BarLink({ item }: { item: NavigationItem }) {
  const t = useTranslations('portal.nav')
  const Icon = item.icon
  return (
    <NavLink href={item.href} className={barStyles}>
      <Icon aria-hidden className="size-6" />
      {t(item.key)}
    </NavLink>
  )
}

function UserMenu({ compact = false, ...shell }: ShellProps & { side: 'top' | 'bottom'; compact?: boolean }) {
  const t = useTranslations('portal.nav')
  const roles = useTranslations('portal.roles')
  const { user } = shell
  if (compact)
    return (
      <UserMenuButton {...shell} align="end" className="flex size-11 items-center justify-center rounded-md">
        <Avatar name={user.name} size="sm" />
        <span className="sr-only">{t('userMenu', { name: user.name })}</span>
      </UserMenuButton>
    )
  return (
    <UserMenuButton
      {...shell}
      align="start"
      className="flex w-full items-center gap-3 rounded-md p-2 text-left hover:bg-sunken"
    >
      <Avatar name={user.name} />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{user.name}</span>
        <span className="block truncate text-sm text-muted">{roles(user.role)}</span>
      </span>
      <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
    </UserMenuButton>
  )
}
