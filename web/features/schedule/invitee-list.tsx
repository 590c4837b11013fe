'use client'
import type { Invitee } from '@diemcau/core/contracts/meeting.ts'
import { search } from '@diemcau/core/text/fold.ts'
import { CircleAlert, CircleCheck, Clock, Inbox, Send } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState, useTransition } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { TextLink } from '../../ui/link-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useSignInAgain } from '../../ui/sign-in-again.tsx'
import { SIGNED_OUT } from '../../ui/signed-out.ts'
import { type Column, Table } from '../../ui/table.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useFormats } from '../../ui/use-formats.ts'

const SEARCH_FROM = 12
const looks = {
  none: { tone: 'neutral', icon: <Inbox aria-hidden /> },
  waiting: { tone: 'accent', icon: <Clock aria-hidden /> },
  sent: { tone: 'ok', icon: <CircleCheck aria-hidden /> },
  failed: { tone: 'danger', icon: <CircleAlert aria-hidden /> },
  kept: { tone: 'neutral', icon: <Inbox aria-hidden /> },
} as const

/** Who was invited, where each invitation is, and (for those who may) sending it again. */
export function InviteeList({
  invitees,
  mailsLeave,
  inviteAgain,
}: {
  invitees: Invitee[]
  /** There is a mail server. */
  mailsLeave: boolean
  /** Sends one again, or (null) all that have not left; null where there is nothing to send. */
  inviteAgain: ((invitationId: string | null) => Promise<string | undefined>) | null
}) {
  const t = useTranslations('portal.meeting')
  const ui = useTranslations('common.ui')
  const format = useFormats()
  const toast = useToast()
  const signedIn = useSignInAgain()
  const [query, setQuery] = useState('')
  const [pendingId, setPendingId] = useState<string | null | undefined>(undefined)
  const [isPending, start] = useTransition()
  const unsent = invitees.filter(invitee => invitee.sentAt === null && invitee.state !== 'waiting').length

  const send = (invitationId: string | null) => {
    setPendingId(invitationId)
    start(async () => {
      const fault = await signedIn(async () => await inviteAgain?.(invitationId))
      toast(
        fault
          ? { tone: 'danger', text: fault === SIGNED_OUT ? ui('signedOut') : fault }
          : { tone: 'ok', text: t('inviteAgainDone') },
      )
    })
  }
  const state = (invitee: Invitee) => (
    <span className="inline-flex flex-wrap items-center justify-end gap-x-2">
      {invitee.state === 'sent' && invitee.sentAt && (
        <span className="tabular text-sm text-muted">{format.inSentence(invitee.sentAt)}</span>
      )}
      <Badge {...looks[invitee.state]}>{t(`invitationState.${invitee.state}`)}</Badge>
    </span>
  )
  const again = (invitee: Invitee) =>
    invitee.state === 'waiting' ? null : (
      <Button
        size="sm"
        variant="quiet"
        pending={isPending && pendingId === invitee.id}
        onClick={() => send(invitee.id)}
      >
        {t('inviteAgain')} <span className="sr-only">{invitee.name || invitee.email}</span>
      </Button>
    )
  const maySend = inviteAgain !== null && mailsLeave
  const columns: Column<Invitee>[] = [
    {
      id: 'name',
      head: t('name'),
      sortBy: invitee => invitee.name || invitee.email,
      cell: invitee => invitee.name || invitee.email,
    },
    {
      id: 'email',
      head: t('email'),
      from: 'md',
      className: 'break-all text-muted',
      cell: invitee => invitee.email,
    },
    {
      id: 'state',
      head: t('invitation'),
      align: 'end',
      sortBy: invitee => `${invitee.state}${invitee.sentAt ?? ''}`,
      cell: state,
    },
  ]
  if (maySend)
    columns.push({
      id: 'do',
      head: <span className="sr-only">{t('inviteAgain')}</span>,
      align: 'end',
      className: 'w-28 whitespace-nowrap',
      cell: again,
    })
  return (
    <>
      {inviteAgain !== null && !mailsLeave && (
        <Notice tone="warn" title={t('noMailTitle')} className="mb-4">
          <p>{t.rich('noMailHelp', { link: chunks => <TextLink href="/outbox">{chunks}</TextLink> })}</p>
        </Notice>
      )}
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3 empty:hidden">
        {invitees.length > SEARCH_FROM && (
          <SearchInput label={t('searchInvitees')} value={query} onValue={setQuery} className="sm:w-80" />
        )}
        {maySend && unsent > 0 && (
          <Button
            icon={<Send aria-hidden />}
            pending={isPending && pendingId === null}
            onClick={() => send(null)}
          >
            {t('inviteAllAgain', { count: unsent })}
          </Button>
        )}
      </div>
      <Table
        label={t('invitees', { count: invitees.length })}
        rows={search(invitees, query, invitee => `${invitee.name} ${invitee.email}`)}
        rowKey={invitee => invitee.id}
        columns={columns}
        compact={invitee => (
          <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
            <p className="min-w-0">
              {invitee.name || invitee.email}
              {invitee.name && invitee.name !== invitee.email && (
                <span className="block text-sm break-all text-muted">{invitee.email}</span>
              )}
            </p>
            <span className="flex items-center gap-1">
              {state(invitee)}
              {maySend && again(invitee)}
            </span>
          </div>
        )}
        empty={<EmptyState title={t('noneFound', { query })} />}
      />
    </>
  )
}
