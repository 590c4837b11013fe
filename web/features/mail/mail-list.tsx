'use client'
import type { MailSummary } from '@diemcau/core/contracts/portal.ts'
import { CircleAlert, CircleCheck, Clock, Inbox, Mail } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Table } from '../../ui/table.tsx'
import { UrlSearch } from '../../ui/url-search.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { type Resend, ResendButton } from './resend-button.tsx'

/** Whether a mail left the building. */
export function MailStatus({ status }: { status: MailSummary['status'] }) {
  const t = useTranslations('portal.outbox.status')
  const looks = {
    pending: { tone: 'accent', icon: <Clock aria-hidden /> },
    sent: { tone: 'ok', icon: <CircleCheck aria-hidden /> },
    kept: { tone: 'neutral', icon: <Inbox aria-hidden /> },
    failed: { tone: 'danger', icon: <CircleAlert aria-hidden /> },
  } as const
  return <Badge {...looks[status]}>{t(status)}</Badge>
}

/**
 * The mails the portal wrote, sent or kept here because no mail server is set: the newest, or those that match the query.
 * What is said of all of them, and sends all that failed again, stands above the whole list only.
 */
export function MailList({ mails, query, resend }: { mails: MailSummary[]; query: string; resend: Resend }) {
  const t = useTranslations('portal.outbox')
  const format = useFormats()
  const failed = query ? 0 : mails.filter(mail => mail.status === 'failed').length
  const link = (mail: MailSummary) => (
    <Link
      href={`/outbox/${mail.id}`}
      className="block py-1 font-medium underline-offset-4 hover:text-accent hover:underline"
    >
      {mail.subject}
    </Link>
  )
  return (
    <>
      <PageHeader title={t('title')} />
      {!query && mails.some(mail => mail.status === 'kept') && (
        <Notice className="mb-4">{t('keptHelp')}</Notice>
      )}
      {failed > 0 && (
        <Notice tone="warn" title={t('someFailed', { count: failed })} className="mb-4">
          <p>{t('someFailedHelp')}</p>
          <div className="mt-3">
            <ResendButton mailId={null} resend={resend} />
          </div>
        </Notice>
      )}
      {(mails.length > 0 || query) && <UrlSearch label={t('search')} className="mb-4 md:w-80" />}
      <Table
        label={t('title')}
        rows={mails}
        rowKey={mail => mail.id}
        initialSort={{ id: 'when', descending: true }}
        columns={[
          { id: 'subject', head: t('subject'), sortBy: mail => mail.subject, cell: link },
          {
            id: 'to',
            head: t('to'),
            className: 'text-muted',
            sortBy: mail => mail.to,
            cell: mail => <Recipient to={mail.to} />,
          },
          {
            id: 'when',
            head: t('when'),
            from: 'md',
            className: 'tabular whitespace-nowrap',
            sortBy: mail => mail.createdAt,
            cell: mail => format.dayTime(mail.createdAt),
          },
          {
            id: 'status',
            head: t('state'),
            align: 'end',
            sortBy: mail => mail.status,
            cell: mail => <MailStatus status={mail.status} />,
          },
        ]}
        compact={mail => (
          <div className="flex flex-col gap-1">
            {link(mail)}
            <div className="text-sm text-muted">
              <Recipient to={mail.to} />
            </div>
            <p className="flex items-center justify-between gap-2">
              <span className="tabular text-sm text-muted">{format.dayTime(mail.createdAt)}</span>
              <MailStatus status={mail.status} />
            </p>
          </div>
        )}
        empty={
          <EmptyState icon={<Mail />} title={query ? t('noneFound', { query }) : t('empty')}>
            {!query && t('emptyHelp')}
          </EmptyState>
        }
      />
    </>
  )
}

/** `Name <address>` on two lines. */
function Recipient({ to }: { to: string }) {
  const match = /^(.+?)\s*<(.+)>$/.exec(to)
  if (!match) return <span className="break-all">{to}</span>
  return (
    <>
      <span className="block text-text">{match[1]}</span>
      <span className="block text-sm break-all">{match[2]}</span>
    </>
  )
}
