'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { useTranslations } from 'next-intl'
import { type FormEvent, useState } from 'react'
import type { CheckProblem } from '../../live/meeting-session.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/field.tsx'
import { Input } from '../../ui/input.tsx'

/** Asked only when the portal wants a passcode from viewers too. */
export function PasscodeForm({
  meeting,
  problem,
  onSend,
}: {
  meeting: PublicMeeting
  problem: CheckProblem
  onSend: (passcode: string) => void
}) {
  const t = useTranslations('room')
  const [passcode, setPasscode] = useState('')
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (passcode.trim()) onSend(passcode.trim())
  }
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-5 px-6 py-10">
      <h1 className="text-2xl font-semibold">{meeting.title}</h1>
      <form onSubmit={send} className="flex flex-col gap-4">
        <Field
          label={t('check.passcode')}
          help={t('check.passcodeHelp')}
          error={problem === 'too_many_attempts' ? t('check.problem.too_many_attempts.todo') : null}
        >
          <Input
            data-testid="passcode-input"
            inputMode="numeric"
            autoComplete="off"
            maxLength={12}
            className="tabular text-lg tracking-widest"
            value={passcode}
            onChange={event => setPasscode(event.target.value)}
          />
        </Field>
        <Button type="submit" variant="primary" size="lg" data-testid="join-button">
          {t('watch.passcodeSend')}
        </Button>
      </form>
    </main>
  )
}
