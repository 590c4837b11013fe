import { CircleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './lib/cx.ts'

/** What happened, what to do, and a code that can be read out on the telephone. */
export function ErrorPanel({
  title,
  children,
  code,
  codeLabel,
  action,
  className,
}: {
  title: ReactNode
  /** What to do now. */
  children?: ReactNode
  code?: string | undefined
  codeLabel?: string
  action?: ReactNode
  className?: string
}) {
  return (
    <div
      role="alert"
      className={cx('rounded-md border border-danger bg-danger-soft p-5 text-text', className)}
    >
      <div className="flex items-start gap-3">
        <CircleAlert aria-hidden className="mt-0.5 size-6 shrink-0 text-danger" />
        <div className="min-w-0 flex-1">
          <p className="text-lg font-semibold">{title}</p>
          {children && <div className="mt-1 max-w-prose">{children}</div>}
          {code && (
            <p className="mt-2 text-sm">
              {codeLabel} <span className="font-mono font-semibold select-all">{code}</span>
            </p>
          )}
          {action && <div className="mt-4 flex flex-wrap gap-2">{action}</div>}
        </div>
      </div>
    </div>
  )
}
