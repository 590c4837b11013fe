'use client'
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'

export interface FieldFault {
  /** Id of the control at fault. */
  fieldId: string
  message: string
}

/** All faults of a form at its top, each a link to its field. Takes the focus whenever `attempt` changes. */
export function ErrorSummary({
  faults,
  message,
  attempt,
}: {
  faults: FieldFault[]
  /** A fault of the whole, not of a field. */
  message?: string | null
  attempt: number
}) {
  const t = useTranslations('common.ui')
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (attempt > 0) box.current?.focus()
  }, [attempt])
  if (faults.length === 0 && !message) return null
  return (
    <div
      ref={box}
      role="alert"
      tabIndex={-1}
      className="rounded-md border-2 border-danger bg-danger-soft p-4 sm:p-5"
    >
      <p className="text-lg font-semibold">{message || t('faultsTitle', { count: faults.length })}</p>
      {faults.length > 0 && (
        <ul className="mt-2 list-disc space-y-1 pl-5">
          {faults.map(fault => (
            <li key={fault.fieldId}>
              <a
                href={`#${fault.fieldId}`}
                className="font-medium text-danger underline underline-offset-4"
                onClick={event => {
                  event.preventDefault()
                  document.getElementById(fault.fieldId)?.focus()
                }}
              >
                {fault.message}
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
