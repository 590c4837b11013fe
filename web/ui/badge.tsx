import type { ReactNode } from 'react'
import { cx } from './lib/cx.ts'

export type BadgeTone = 'neutral' | 'accent' | 'live' | 'ok' | 'warn' | 'danger'

const tones: Record<BadgeTone, string> = {
  neutral: 'bg-sunken text-text',
  accent: 'bg-accent-soft text-accent',
  live: 'bg-live text-on-live',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  danger: 'bg-danger-soft text-danger',
}

/** A state in one or two words, with an icon where colour alone would carry the meaning. */
export function Badge({
  tone = 'neutral',
  icon,
  className,
  children,
}: {
  tone?: BadgeTone
  icon?: ReactNode
  className?: string
  children: ReactNode
}) {
  return (
    <span
      className={cx(
        'inline-flex items-center gap-1.5 rounded-sm px-2 py-0.5 text-sm font-medium whitespace-nowrap [&_svg]:size-3.5 [&_svg]:shrink-0',
        tones[tone],
        className,
      )}
    >
      {icon}
      {children}
    </span>
  )
}

/** The dot of what is live or being recorded; always beside a word. */
export const LiveDot = ({ className }: { className?: string }) => (
  <span
    aria-hidden
    className={cx('inline-block size-2.5 shrink-0 animate-pulse-slow rounded-full bg-current', className)}
  />
)
