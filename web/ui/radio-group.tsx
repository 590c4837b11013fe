'use client'
import { RadioGroup as RadixRadioGroup } from 'radix-ui'
import { type ReactNode, useId } from 'react'
import { cx } from './lib/cx.ts'

export interface RadioOption<T extends string> {
  value: T
  label: ReactNode
  help?: ReactNode
  icon?: ReactNode
}

/** One of a few, all in view. `layout="row"` puts them side by side where there is room. */
export function RadioGroup<T extends string>({
  label,
  options,
  value,
  onChange,
  name,
  layout = 'column',
}: {
  /** Read aloud; the visible words are the surrounding legend or label. */
  label: string
  options: RadioOption<T>[]
  value: T
  onChange: (value: T) => void
  name?: string
  layout?: 'column' | 'row'
}) {
  const id = useId()
  return (
    <RadixRadioGroup.Root
      aria-label={label}
      value={value}
      name={name}
      onValueChange={next => onChange(next as T)}
      className={cx('grid gap-2', layout === 'row' && 'sm:auto-cols-fr sm:grid-flow-col')}
    >
      {options.map(option => (
        <label
          key={option.value}
          htmlFor={`${id}-${option.value}`}
          className="flex min-h-11 cursor-pointer items-start gap-3 rounded-md border border-line-strong bg-surface px-3 py-2.5 has-data-[state=checked]:border-accent has-data-[state=checked]:bg-accent-soft has-data-[state=checked]:shadow-[inset_0_0_0_1px_var(--accent)]"
        >
          <RadixRadioGroup.Item
            id={`${id}-${option.value}`}
            value={option.value}
            className="mt-0.5 flex size-5 shrink-0 items-center justify-center rounded-full border-2 border-line-strong bg-surface data-[state=checked]:border-accent"
          >
            <RadixRadioGroup.Indicator className="size-2.5 rounded-full bg-accent" />
          </RadixRadioGroup.Item>
          <span className="min-w-0 flex-1">
            <span className="block font-medium">{option.label}</span>
            {option.help && <span className="block text-sm text-muted">{option.help}</span>}
          </span>
          {option.icon && <span className="text-muted [&_svg]:size-5">{option.icon}</span>}
        </label>
      ))}
    </RadixRadioGroup.Root>
  )
}
