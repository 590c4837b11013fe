'use client'
import { Eye, EyeOff, Search, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type InputHTMLAttributes, type Ref, type TextareaHTMLAttributes, useState } from 'react'
import { useFieldControl } from './field.tsx'
import { cx } from './lib/cx.ts'

/** The look every control that is written into shares. */
export const controlStyles =
  'w-full min-h-11 rounded-md border border-line-strong bg-surface px-3 py-2 text-base text-text aria-invalid:border-danger aria-invalid:border-2 disabled:cursor-not-allowed disabled:bg-sunken disabled:text-muted'

export interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  ref?: Ref<HTMLInputElement>
}

/** One line of text. Inside a `Field` it takes id, description and error from there. */
export function Input({ className, id, ...rest }: InputProps) {
  const control = useFieldControl({ id })
  return <input {...control} className={cx(controlStyles, className)} {...rest} />
}

export interface TextareaProps extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  ref?: Ref<HTMLTextAreaElement>
}

/** Several lines; grows with its text where the browser can. */
export function Textarea({ className, id, rows = 4, ...rest }: TextareaProps) {
  const control = useFieldControl({ id })
  return (
    <textarea
      {...control}
      rows={rows}
      className={cx(controlStyles, 'field-sizing-content min-h-28 resize-y', className)}
      {...rest}
    />
  )
}

/** A password that can be looked at while typing, since a wrong tone mark is easily made. */
export function PasswordInput({ className, id, ...rest }: InputProps) {
  const t = useTranslations('common.ui')
  const control = useFieldControl({ id })
  const [isShown, setShown] = useState(false)
  return (
    <div className="relative">
      <input
        {...control}
        type={isShown ? 'text' : 'password'}
        autoComplete="current-password"
        spellCheck={false}
        className={cx(controlStyles, 'pr-24', className)}
        {...rest}
      />
      <button
        type="button"
        onClick={() => setShown(!isShown)}
        className="absolute inset-y-0 right-0 flex items-center gap-1.5 rounded-md px-3 text-sm font-medium text-accent"
      >
        {isShown ? <EyeOff aria-hidden className="size-4" /> : <Eye aria-hidden className="size-4" />}
        {isShown ? t('hide') : t('show')}
      </button>
    </div>
  )
}

/** A search box with a way to empty it. `onValue` is called at every stroke. */
export function SearchInput({
  value,
  onValue,
  label,
  className,
  ...rest
}: Omit<InputProps, 'value' | 'onChange'> & {
  value: string
  onValue: (value: string) => void
  label: string
}) {
  const t = useTranslations('common.ui')
  return (
    <div className={cx('relative', className)}>
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-muted"
      />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={event => onValue(event.target.value)}
        className={cx(controlStyles, 'px-9 [&::-webkit-search-cancel-button]:hidden')}
        {...rest}
      />
      {value && (
        <button
          type="button"
          aria-label={t('clear')}
          onClick={() => onValue('')}
          className="absolute inset-y-0 right-0 flex w-10 items-center justify-center text-muted hover:text-text"
        >
          <X aria-hidden className="size-4" />
        </button>
      )}
    </div>
  )
}
