import Link from 'next/link'
import type { ReactNode } from 'react'
import { TabCount, tabStyles } from './tabs.tsx'

/** Filters of a list as links, so that each has an address that can be kept and sent. */
export function LinkTabs({
  label,
  tabs,
}: {
  label: string
  tabs: { href: string; label: ReactNode; isCurrent: boolean; count?: number }[]
}) {
  return (
    <nav aria-label={label} className="flex flex-wrap gap-1 border-b border-line">
      {tabs.map(tab => (
        <Link
          key={tab.href}
          href={tab.href}
          scroll={false}
          aria-current={tab.isCurrent ? 'page' : undefined}
          data-state={tab.isCurrent ? 'active' : 'inactive'}
          className={tabStyles}
        >
          {tab.label}
          {tab.count ? <TabCount count={tab.count} /> : null}
        </Link>
      ))}
    </nav>
  )
}
