'use client'
import { useTranslations } from 'next-intl'
import { type ReactNode, useState, useTransition } from 'react'
import type { ActionResult } from './action-result.ts'
import { Button } from './button.tsx'
import { ErrorSummary } from './error-summary.tsx'
import { Sheet } from './sheet.tsx'
import { useSignInAgain } from './sign-in-again.tsx'
import { SIGNED_OUT } from './signed-out.ts'

/**
 * A small form in a panel beside the list it belongs to. `save` runs when the form is sent; faults stay in the panel
 * at their fields, success closes it and calls `onSaved`. Mount it anew (by `key`) for each thing edited.
 */
export function EditSheet({
  title,
  saveLabel,
  save,
  onClose,
  onSaved,
  extra,
  children,
}: {
  title: string
  saveLabel: string
  save: () => Promise<ActionResult>
  onClose: () => void
  onSaved: () => void
  /** Further things to do with it, under the form. */
  extra?: ReactNode
  /** Draws the fields, given the fault of each by its name. */
  children: (faults: Record<string, string>) => ReactNode
}) {
  const t = useTranslations('common.ui')
  const [fields, setFields] = useState<Record<string, string>>({})
  const [message, setMessage] = useState<string | null>(null)
  const [attempt, setAttempt] = useState(0)
  const [isSaving, start] = useTransition()
  const signedIn = useSignInAgain()
  return (
    <Sheet open onOpenChange={isOpen => !isOpen && onClose()} title={title}>
      <form
        noValidate
        className="flex flex-col gap-5"
        onSubmit={event => {
          event.preventDefault()
          start(async () => {
            const result = await signedIn(save)
            if (result.ok) return onSaved()
            setFields(result.fields)
            setMessage(messageOf(result, t('signedOut')))
            setAttempt(count => count + 1)
          })
        }}
      >
        <ErrorSummary
          attempt={attempt}
          message={message}
          faults={Object.entries(fields).map(([fieldId, text]) => ({ fieldId, message: text }))}
        />
        {children(fields)}
        <div className="flex flex-col gap-2 sm:flex-row-reverse sm:justify-end">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" variant="primary" pending={isSaving}>
            {saveLabel}
          </Button>
        </div>
      </form>
      {extra && <div className="mt-8 border-t border-line pt-5">{extra}</div>}
    </Sheet>
  )
}

/** What is said above the fields: nothing when the fields themselves say it. */
const messageOf = (result: { message: string; fields: Record<string, string> }, signedOut: string) => {
  if (result.message === SIGNED_OUT) return signedOut
  return Object.keys(result.fields).length > 0 ? null : result.message
}
