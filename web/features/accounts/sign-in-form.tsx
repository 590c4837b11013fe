'use client'
import { useTranslations } from 'next-intl'
import { useState, useTransition } from 'react'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/field.tsx'
import { Input, PasswordInput } from '../../ui/input.tsx'

/** E-mail and password. On success the action itself leads to the next page. */
export function SignInForm({
  signIn,
}: {
  /** Resolves to the text of what went wrong; does not resolve otherwise, since it redirects. */
  signIn: (email: string, password: string) => Promise<string | undefined>
}) {
  const t = useTranslations('portal.signIn')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [fault, setFault] = useState<string>()
  const [isPending, start] = useTransition()
  return (
    <form
      noValidate
      className="flex flex-col gap-5"
      onSubmit={event => {
        event.preventDefault()
        if (!email.trim() || !password) return setFault(t('missing'))
        setFault(undefined)
        start(async () => setFault(await signIn(email.trim(), password)))
      }}
    >
      {fault && (
        <p role="alert" className="rounded-md border-2 border-danger bg-danger-soft px-4 py-3 font-medium">
          {fault}
        </p>
      )}
      <Field label={t('email')} id="email">
        <Input
          type="email"
          name="email"
          autoComplete="username"
          spellCheck={false}
          autoCapitalize="none"
          value={email}
          onChange={event => setEmail(event.target.value)}
        />
      </Field>
      <Field label={t('password')} id="password">
        <PasswordInput name="password" value={password} onChange={event => setPassword(event.target.value)} />
      </Field>
      <Button type="submit" variant="primary" block pending={isPending}>
        {isPending ? t('signingIn') : t('submit')}
      </Button>
    </form>
  )
}
