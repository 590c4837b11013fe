'use client'
import type { AccountRole } from '@diemcau/core/roles.ts'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { lazyMenu } from '../../ui/lazy-menu.tsx'
import { isCurrent } from './current.ts'
import type { ShellProps } from './shell-types.ts'

const UserMenu = lazyMenu(() => import('./shell-menus.tsx').then(loaded => loaded.UserMenu))
const MoreMenu = lazyMenu(() => import('./shell-menus.tsx').then(loaded => loaded.MoreMenu))
/** The pages of the administration, which a phone's bar has no room for. */
const MORE = ['/halls', '/users', '/outbox'].map(href => ({ href }))

interface ButtonParts {
  className: string
  children: ReactNode
}

/** What the account may choose: its page, language, theme, signing out. */
export function UserMenuButton({
  className,
  children,
  ...menu
}: ShellProps & ButtonParts & { side: 'top' | 'bottom'; align: 'start' | 'end' }) {
  return (
    <UserMenu
      {...menu}
      trigger={
        <button type="button" className={className}>
          {children}
        </button>
      }
    />
  )
}

/** The administration, as an entry of the bar. */
export function MoreMenuButton({ role, className, children }: ButtonParts & { role: AccountRole }) {
  const pathname = usePathname()
  const isThere = MORE.some(item => isCurrent(item, pathname))
  return (
    <MoreMenu
      role={role}
      trigger={
        <button type="button" aria-current={isThere ? 'page' : undefined} className={className}>
          {children}
        </button>
      }
    />
  )
}
