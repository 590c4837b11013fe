import { cva, type VariantProps } from 'class-variance-authority'
import { Loader2 } from 'lucide-react'
import { Slot } from 'radix-ui'
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { cx } from './lib/cx.ts'

/**
 * `primary` once a page; `secondary` for the rest; `quiet` inside rows and bars; `danger` only for what cannot be
 * undone or ends something for others. The small size keeps a 44 px target by an invisible margin.
 */
export const buttonStyles = cva(
  'relative inline-flex items-center justify-center gap-2 rounded-md border font-medium text-center select-none transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55 [&_svg]:size-[1.15em] [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary: 'border-transparent bg-accent text-on-accent enabled:hover:bg-accent-hover',
        secondary: 'border-line-strong bg-surface text-text hover:bg-sunken',
        quiet: 'border-transparent bg-transparent text-accent hover:bg-accent-soft',
        plain: 'border-transparent bg-transparent text-text hover:bg-sunken',
        danger: 'border-transparent bg-danger text-on-danger enabled:hover:bg-danger-hover',
        'danger-quiet': 'border-transparent bg-transparent text-danger hover:bg-danger-soft',
      },
      size: {
        sm: 'min-h-9 px-3 py-1 text-sm after:absolute after:-inset-y-1 after:inset-x-0',
        md: 'min-h-11 px-4 py-2 text-base',
        lg: 'min-h-14 px-6 py-3 text-lg',
      },
      block: { true: 'w-full', false: '' },
    },
    defaultVariants: { variant: 'secondary', size: 'md', block: false },
  },
)

export interface ButtonProps
  extends ButtonHTMLAttributes<HTMLButtonElement>,
    VariantProps<typeof buttonStyles> {
  /** Shows that the work runs; the words stay, and a second press does nothing. */
  pending?: boolean
  /** Renders the only child (a link, for example) with the button's look. */
  asChild?: boolean
  icon?: ReactNode
  ref?: Ref<HTMLButtonElement>
}

/** A button of `type="button"` unless told otherwise, so that it never sends a form by accident. */
export function Button({
  variant,
  size,
  block,
  pending = false,
  asChild = false,
  icon,
  className,
  children,
  disabled,
  type,
  onClick,
  ...rest
}: ButtonProps) {
  const classes = cx(buttonStyles({ variant, size, block }), className)
  if (asChild) {
    return (
      <Slot.Root className={classes} {...rest}>
        {children}
      </Slot.Root>
    )
  }
  return (
    <button
      type={type ?? 'button'}
      className={classes}
      disabled={disabled}
      aria-busy={pending || undefined}
      aria-disabled={pending || undefined}
      onClick={event => {
        if (pending) event.preventDefault()
        else onClick?.(event)
      }}
      {...rest}
    >
      {pending ? <Loader2 aria-hidden className="animate-spin" /> : icon}
      {children}
    </button>
  )
}
