'use client'
import { CircleAlert } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { createContext, type ReactNode, useContext, useId } from 'react'
import { cx } from './lib/cx.ts'

interface FieldIds {
  id: string
  describedBy: string | undefined
  invalid: boolean
}
const FieldContext = createContext<FieldIds | null>(null)

/** What a control inside a `Field` puts on itself: its id, what describes it, whether it is at fault. */
export function useFieldControl(own: { id?: string | undefined }): {
  id: string | undefined
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
} {
  const field = useContext(FieldContext)
  return {
    id: own.id ?? field?.id,
    'aria-describedby': field?.describedBy,
    'aria-invalid': field?.invalid ? true : undefined,
  }
}

export interface FieldProps {
  label: ReactNode
  help?: ReactNode
  error?: string | null | undefined
  /** Says "(không bắt buộc)" after the label; fields are required unless marked so. */
  optional?: boolean
  /** Fixed id of the control, for links from the error summary. */
  id?: string
  className?: string
  children: ReactNode
}

/** Label above, control, help and error under it, all tied together for screen readers. */
export function Field({ label, help, error, optional = false, id, className, children }: FieldProps) {
  const t = useTranslations('common.ui')
  const made = useId()
  const controlId = id ?? made
  const helpId = help ? `${controlId}-help` : undefined
  const errorId = error ? `${controlId}-error` : undefined
  const describedBy = [errorId, helpId].filter(Boolean).join(' ') || undefined
  return (
    <FieldContext value={{ id: controlId, describedBy, invalid: Boolean(error) }}>
      <div className={cx('flex flex-col gap-1.5', error && 'border-l-4 border-danger pl-3', className)}>
        <label htmlFor={controlId} className="font-medium">
          {label}
          {optional && <span className="font-normal text-muted"> {t('optional')}</span>}
        </label>
        {error && (
          <p id={errorId} className="flex items-start gap-1.5 text-sm font-medium text-danger">
            <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
            {error}
          </p>
        )}
        {children}
        {help && (
          <p id={helpId} className="text-sm text-muted">
            {help}
          </p>
        )}
      </div>
    </FieldContext>
  )
}

/** A group of controls under one question. */
export function Fieldset({
  legend,
  help,
  className,
  children,
}: {
  legend: ReactNode
  help?: ReactNode
  className?: string
  children: ReactNode
}) {
  return (
    <fieldset className={cx('flex min-w-0 flex-col gap-4', className)}>
      <legend className="mb-3 text-lg font-semibold">{legend}</legend>
      {help && <p className="-mt-4 text-sm text-muted">{help}</p>}
      {children}
    </fieldset>
  )
}
