'use client'
import type { AccountRole } from '@diemcau/core/roles.ts'
import { Laptop } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { type ReactNode, useState, useTransition } from 'react'
import type { ActionResult } from '../../ui/action-result.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { useSignInAgain } from '../../ui/sign-in-again.tsx'
import { SIGNED_OUT } from '../../ui/signed-out.ts'
import { useToast } from '../../ui/toast.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { deviceName } from './device-name.ts'
import { PasswordForm } from './password-form.tsx'

export interface SessionItem {
  id: string
  createdAt: string
  ipAddress: string | null
  userAgent: string | null
  current: boolean
}

/** The reader's own account: who the portal takes them for, how it looks, and where they are signed in. */
export function AccountPage({
  user,
  sessions,
  preferences,
  revoke,
  revokeOthers,
  changePassword,
}: {
  user: { name: string; email: string; role: AccountRole }
  sessions: SessionItem[]
  /** The fields for language and theme, made by the navigation shell that owns them. */
  preferences: ReactNode
  /** Resolve to the text of what went wrong, or undefined. */
  revoke: (sessionId: string) => Promise<string | undefined>
  revokeOthers: () => Promise<string | undefined>
  changePassword: (current: string, next: string) => Promise<ActionResult>
}) {
  const t = useTranslations('portal.account')
  const roles = useTranslations('portal.roles')
  const router = useRouter()
  const toast = useToast()
  const [pendingId, setPendingId] = useState<string | null>(null)
  const [isPending, start] = useTransition()
  const signedIn = useSignInAgain()
  const ui = useTranslations('common.ui')
  const run = (id: string, act: () => Promise<string | undefined>) => {
    setPendingId(id)
    start(async () => {
      const fault = await signedIn(act)
      toast(
        fault
          ? { tone: 'danger', text: fault === SIGNED_OUT ? ui('signedOut') : fault }
          : { tone: 'ok', text: t('revoked') },
      )
      router.refresh()
    })
  }
  const others = sessions.filter(session => !session.current)
  return (
    <>
      <PageHeader title={t('title')} />
      <dl className="grid max-w-3xl gap-x-8 gap-y-4 sm:grid-cols-3">
        <Fact term={t('name')}>{user.name}</Fact>
        <Fact term={t('email')}>{user.email}</Fact>
        <Fact term={t('role')}>{roles(user.role)}</Fact>
      </dl>
      <Section title={t('preferences')}>{preferences}</Section>
      <Section title={t('changePassword')}>
        <PasswordForm change={changePassword} />
      </Section>
      <Section
        title={t('sessions')}
        actions={
          others.length > 0 && (
            <Button
              size="sm"
              pending={isPending && pendingId === 'others'}
              onClick={() => run('others', revokeOthers)}
            >
              {t('revokeOthers')}
            </Button>
          )
        }
      >
        <p className="-mt-1 mb-3 text-muted">{t('sessionsHelp')}</p>
        <ul className="max-w-3xl divide-y divide-line rounded-md border border-line bg-surface">
          {sessions.map(session => (
            <SessionRow
              key={session.id}
              session={session}
              isPending={isPending && pendingId === session.id}
              onRevoke={() => run(session.id, () => revoke(session.id))}
            />
          ))}
        </ul>
      </Section>
    </>
  )
}

function SessionRow({
  session,
  isPending,
  onRevoke,
}: {
  session: SessionItem
  isPending: boolean
  onRevoke: () => void
}) {
  const t = useTranslations('portal.account')
  const format = useFormats()
  const { browser, system } = deviceName(session.userAgent)
  const device =
    browser && system ? t('device', { browser, system }) : (browser ?? system ?? t('unknownDevice'))
  return (
    <li className="flex items-center gap-4 px-4 py-3">
      <Laptop aria-hidden className="size-5 shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {device}
          {session.current && <Badge tone="ok">{t('thisDevice')}</Badge>}
        </p>
        <p className="tabular text-sm text-muted">
          {t('since', { when: format.inSentence(session.createdAt) })}
          {session.ipAddress && ` · ${session.ipAddress}`}
        </p>
      </div>
      {!session.current && (
        <Button size="sm" pending={isPending} onClick={onRevoke}>
          {t('revoke')}
        </Button>
      )}
    </li>
  )
}

const Fact = ({ term, children }: { term: ReactNode; children: ReactNode }) => (
  <div>
    <dt className="text-sm text-muted">{term}</dt>
    <dd className="font-medium break-words">{children}</dd>
  </div>
)
