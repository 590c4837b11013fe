import type { AccountRole } from '@diemcau/core/roles.ts'
import { mayAdminister, maySchedule } from '@diemcau/core/roles.ts'
import { CalendarDays, CirclePlay, Home, Landmark, type LucideIcon, Mail, Server, Users } from 'lucide-react'

export interface NavigationItem {
  href: string
  /** Key under `portal.nav`. */
  key: string
  icon: LucideIcon
}

const everyday: NavigationItem[] = [
  { href: '/', key: 'home', icon: Home },
  { href: '/meetings', key: 'meetings', icon: CalendarDays },
  { href: '/recordings', key: 'recordings', icon: CirclePlay },
]
const outbox: NavigationItem = { href: '/outbox', key: 'outbox', icon: Mail }
const administration: NavigationItem[] = [
  { href: '/halls', key: 'halls', icon: Landmark },
  { href: '/users', key: 'users', icon: Users },
  outbox,
  { href: '/nodes', key: 'nodes', icon: Server },
]

/** What an account finds in the navigation; pages check the right themselves, this only spares dead ends. */
export function navigationFor(role: AccountRole): {
  everyday: NavigationItem[]
  administration: NavigationItem[]
} {
  if (mayAdminister(role)) return { everyday, administration }
  // Who sends invitations looks after them.
  return { everyday: maySchedule(role) ? [...everyday, outbox] : everyday, administration: [] }
}
