'use client'
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { cx } from './lib/cx.ts'
import { Tooltip } from './tooltip.tsx'

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label'> {
  /** What it does, in words: read aloud and shown as a tip. */
  label: string
  icon: ReactNode
  /** `true`/`false` makes it a toggle. */
  pressed?: boolean
  size?: 'sm' | 'md' | 'lg'
  tone?: 'plain' | 'danger'
  ref?: Ref<HTMLButtonElement>
}

const sizes = { sm: 'size-9 after:absolute after:-inset-1', md: 'size-11', lg: 'size-14 [&_svg]:size-6' }

/** A button with only an icon, for bars and rows where the icon is well known; elsewhere use words. */
export function IconButton({
  label,
  icon,
  pressed,
  size = 'md',
  tone = 'plain',
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip content={label}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={cx(
          'relative inline-flex shrink-0 items-center justify-center rounded-md text-muted transition-colors duration-100 enabled:hover:bg-sunken enabled:hover:text-text disabled:cursor-not-allowed disabled:opacity-50 aria-pressed:bg-accent-soft aria-pressed:text-accent [&_svg]:size-5',
          tone === 'danger' && 'text-danger enabled:hover:bg-danger-soft enabled:hover:text-danger',
          sizes[size],
          className,
        )}
        {...rest}
      >
        {icon}
      </button>
    </Tooltip>
  )
}
