import type { VariantProps } from 'class-variance-authority'
import Link from 'next/link'
import type { ComponentProps, ReactNode } from 'react'
import { buttonStyles } from './button.tsx'
import { cx } from './lib/cx.ts'

export type LinkButtonProps = ComponentProps<typeof Link> &
  VariantProps<typeof buttonStyles> & { icon?: ReactNode }

/** A link that looks like a button: it goes somewhere, it does not change anything. */
export function LinkButton({ variant, size, block, icon, className, children, ...rest }: LinkButtonProps) {
  return (
    <Link className={cx(buttonStyles({ variant, size, block }), linkHover(variant), className)} {...rest}>
      {icon}
      {children}
    </Link>
  )
}

/** A plain link inside text. */
export function TextLink({ className, ...rest }: ComponentProps<typeof Link>) {
  return (
    <Link className={cx('font-medium text-accent underline-offset-4 hover:underline', className)} {...rest} />
  )
}

/** Links are never `:enabled`, so the filled variants need their hover said once more. */
const linkHover = (variant: LinkButtonProps['variant']): string =>
  variant === 'primary' ? 'hover:bg-accent-hover' : variant === 'danger' ? 'hover:bg-danger-hover' : ''
