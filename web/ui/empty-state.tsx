import type { ReactNode } from 'react'
import { cx } from './lib/cx.ts'

/** Says what would stand here, and how to get it. */
export function EmptyState({
  icon,
  title,
  isPage = false,
  children,
  action,
  className,
}: {
  icon?: ReactNode
  title: ReactNode
  /** It is all there is on the page: its title is the page's heading. */
  isPage?: boolean
  children?: ReactNode
  action?: ReactNode
  className?: string
}) {
  return (
    <div className={cx('flex flex-col items-center gap-2 px-4 py-12 text-center', className)}>
      {icon && <div className="mb-1 text-muted [&_svg]:size-8 [&_svg]:stroke-[1.5]">{icon}</div>}
      {isPage ? (
        <h1 className="text-2xl font-semibold text-balance">{title}</h1>
      ) : (
        <p className="text-lg font-semibold">{title}</p>
      )}
      {children && <p className="max-w-md text-pretty text-muted">{children}</p>}
      {action && <div className="mt-3">{action}</div>}
    </div>
  )
}
