'use client'
import { ChevronDown } from 'lucide-react'
import type { Ref, SelectHTMLAttributes } from 'react'
import { useFieldControl } from './field.tsx'
import { controlStyles } from './input.tsx'
import { cx } from './lib/cx.ts'

export interface SelectOption {
  value: string
  label: string
  disabled?: boolean
}

export interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  options: SelectOption[]
  /** First, empty choice; leave out when one must be chosen. */
  placeholder?: string
  ref?: Ref<HTMLSelectElement>
}

/**
 * The browser's own list: on phones and televisions it is the one people know and the one that always works.
 * For long lists that are searched use `Combobox`.
 */
export function Select({ options, placeholder, className, id, ...rest }: SelectProps) {
  const control = useFieldControl({ id })
  return (
    <div className={cx('relative', className)}>
      <select {...control} className={cx(controlStyles, 'appearance-none truncate pr-10')} {...rest}>
        {placeholder !== undefined && <option value="">{placeholder}</option>}
        {options.map(option => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown
        aria-hidden
        className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-muted"
      />
    </div>
  )
}
