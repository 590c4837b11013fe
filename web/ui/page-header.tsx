import { ChevronLeft } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'

/** The title of a page, a few words of context, and its one main action. */
export function PageHeader({
  title,
  back,
  badge,
  children,
  actions,
}: {
  title: ReactNode
  /** The page above this one. */
  back?: { href: string; label: ReactNode }
  badge?: ReactNode
  children?: ReactNode
  actions?: ReactNode
}) {
  return (
    <header className="mb-6">
      {back && (
        <Link
          href={back.href}
          className="-ml-1 mb-1 inline-flex min-h-11 items-center gap-1 font-medium text-accent underline-offset-4 hover:underline"
        >
          <ChevronLeft aria-hidden className="size-4 shrink-0" />
          {back.label}
        </Link>
      )}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <h1 className="text-2xl font-semibold sm:text-3xl sm:leading-tight">{title}</h1>
          {badge && <div className="mt-2 flex flex-wrap items-center gap-2">{badge}</div>}
          {children && <div className="mt-1.5 text-muted">{children}</div>}
        </div>
        {actions && <div className="flex w-full flex-wrap gap-2 sm:w-auto">{actions}</div>}
      </div>
    </header>
  )
}

/** A part of a page with its own heading. */
export function Section({
  title,
  actions,
  children,
  className,
}: {
  title: ReactNode
  actions?: ReactNode
  children: ReactNode
  className?: string
}) {
  return (
    <section className={className ?? 'mt-10'}>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-xl font-semibold">{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  )
}
