'use client'
import { Switch as RadixSwitch } from 'radix-ui'
import { type ReactNode, useId } from 'react'
import { cx } from './lib/cx.ts'

export interface SwitchProps {
  label: ReactNode
  help?: ReactNode
  checked?: boolean
  defaultChecked?: boolean
  onChange?: (checked: boolean) => void
  name?: string
  disabled?: boolean
  className?: string
}

/** On or off, in force at once (or when the form is saved). Words left, switch right. */
export function Switch({ label, help, onChange, className, ...rest }: SwitchProps) {
  const id = useId()
  return (
    <div className={cx('flex min-h-11 items-center justify-between gap-4 py-2', className)}>
      <div className="min-w-0">
        <label htmlFor={id} className="block font-medium">
          {label}
        </label>
        {help && (
          <p id={`${id}-help`} className="text-sm text-muted">
            {help}
          </p>
        )}
      </div>
      <RadixSwitch.Root
        id={id}
        aria-describedby={help ? `${id}-help` : undefined}
        onCheckedChange={state => onChange?.(state)}
        className="relative h-7 w-12 shrink-0 rounded-full border-2 border-line-strong bg-sunken transition-colors duration-100 after:absolute after:-inset-2 disabled:opacity-50 data-[state=checked]:border-accent data-[state=checked]:bg-accent"
        {...rest}
      >
        <RadixSwitch.Thumb className="block size-5 translate-x-0.5 rounded-full bg-line-strong transition-transform duration-100 data-[state=checked]:translate-x-[1.4rem] data-[state=checked]:bg-on-accent" />
      </RadixSwitch.Root>
    </div>
  )
}
