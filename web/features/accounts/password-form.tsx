'use client'
import { MIN_PASSWORD } from '@diemcau/core/password-rule.ts'
import { useTranslations } from 'next-intl'
import { useState, useTransition } from 'react'
import type { ActionResult } from '../../ui/action-result.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/field.tsx'
import { PasswordInput } from '../../ui/input.tsx'
import { useSignInAgain } from '../../ui/sign-in-again.tsx'
import { SIGNED_OUT } from '../../ui/signed-out.ts'
import { useToast } from '../../ui/toast.tsx'

/** Changes the reader's own password. */
export function PasswordForm({
  change,
}: {
  change: (current: string, next: string) => Promise<ActionResult>
}) {
  const t = useTranslations('portal.account')
  const toast = useToast()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [faults, setFaults] = useState<Record<string, string>>({})
  const [isPending, start] = useTransition()
  const signedIn = useSignInAgain()
  const ui = useTranslations('common.ui')
  const submit = () => {
    const found: Record<string, string> = {}
    if (!current) found.current = t('passwordMissing')
    if (next.length < MIN_PASSWORD) found.next = t('passwordShort', { count: MIN_PASSWORD })
    setFaults(found)
    if (Object.keys(found).length > 0) return
    start(async () => {
      const result = await signedIn(() => change(current, next))
      if (!result.ok) {
        const message = result.message === SIGNED_OUT ? ui('signedOut') : result.message
        return setFaults(Object.keys(result.fields).length > 0 ? result.fields : { current: message })
      }
      setCurrent('')
      setNext('')
      toast({ tone: 'ok', text: t('passwordChanged') })
    })
  }
  return (
    <form
      noValidate
      className="flex max-w-md flex-col items-start gap-5"
      onSubmit={event => {
        event.preventDefault()
        submit()
      }}
    >
      <Field label={t('currentPassword')} id="current" error={faults.current} className="w-full">
        <PasswordInput value={current} onChange={event => setCurrent(event.target.value)} />
      </Field>
      <Field
        label={t('nextPassword')}
        id="next"
        help={t('nextPasswordHelp', { count: MIN_PASSWORD })}
        error={faults.next}
        className="w-full"
      >
        <PasswordInput
          autoComplete="new-password"
          value={next}
          onChange={event => setNext(event.target.value)}
        />
      </Field>
      <Button type="submit" pending={isPending}>
        {t('savePassword')}
      </Button>
    </form>
  )
}
