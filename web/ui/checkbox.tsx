'use client'
import { Check } from 'lucide-react'
import { Checkbox as RadixCheckbox } from 'radix-ui'
import { type ReactNode, useId } from 'react'
import { cx } from './lib/cx.ts'

export interface CheckboxProps {
  label: ReactNode
  help?: ReactNode
  checked?: boolean
  defaultChecked?: boolean
  onChange?: (checked: boolean) => void
  name?: string
  value?: string
  disabled?: boolean
  className?: string
}

/** A box to tick; the whole line is the target. */
export function Checkbox({ label, help, onChange, className, ...rest }: CheckboxProps) {
  const id = useId()
  return (
    <div className={cx('flex min-h-11 items-start gap-3 py-2', className)}>
      <RadixCheckbox.Root
        id={id}
        aria-describedby={help ? `${id}-help` : undefined}
        onCheckedChange={state => onChange?.(state === true)}
        className="mt-0.5 flex size-6 shrink-0 items-center justify-center rounded-sm border-2 border-line-strong bg-surface text-on-accent disabled:opacity-50 data-[state=checked]:border-accent data-[state=checked]:bg-accent"
        {...rest}
      >
        <RadixCheckbox.Indicator>
          <Check aria-hidden className="size-4" strokeWidth={3} />
        </RadixCheckbox.Indicator>
      </RadixCheckbox.Root>
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className="block">
          {label}
        </label>
        {help && (
          <p id={`${id}-help`} className="text-sm text-muted">
            {help}
          </p>
        )}
      </div>
    </div>
  )
}
