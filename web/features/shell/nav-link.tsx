'use client'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { isCurrent } from './current.ts'

/** A link of the navigation; says itself when it leads to where one is. */
export function NavLink({
  href,
  className,
  children,
}: {
  href: string
  className: string
  children: ReactNode
}) {
  const pathname = usePathname()
  return (
    <Link href={href} aria-current={isCurrent({ href }, pathname) ? 'page' : undefined} className={className}>
      {children}
    </Link>
  )
}
