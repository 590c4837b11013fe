'use client'
import type { MailSummary } from '@diemcau/core/contracts/portal.ts'
import { CalendarDays } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { MailStatus } from './mail-list.tsx'
import { type Resend, ResendButton } from './resend-button.tsx'

/** One mail as it was written. The letter is shown in a frame that may run nothing and fetch nothing. */
export function MailPage({
  mail,
  resend,
}: {
  mail: MailSummary & { html: string; text: string; ics: string | null }
  resend: Resend
}) {
  const t = useTranslations('portal.outbox')
  const format = useFormats()
  const ics = mail.ics
  return (
    <>
      <PageHeader
        back={{ href: '/outbox', label: t('title') }}
        title={mail.subject}
        badge={<MailStatus status={mail.status} />}
        actions={
          ics && (
            <Button icon={<CalendarDays aria-hidden />} asChild>
              <a href={`data:text/calendar;charset=utf-8,${encodeURIComponent(ics)}`} download="moi-hop.ics">
                <CalendarDays aria-hidden />
                {t('ics')}
              </a>
            </Button>
          )
        }
      />
      <dl className="mb-6 grid gap-x-8 gap-y-3 sm:grid-cols-3">
        <Fact term={t('to')}>{mail.to}</Fact>
        <Fact term={t('when')}>{format.dayTime(mail.createdAt)}</Fact>
        <Fact term={t('sent')}>{mail.sentAt ? format.dayTime(mail.sentAt) : t('notSent')}</Fact>
      </dl>
      {mail.failure && (
        <ErrorPanel
          title={t('failedTitle')}
          code={mail.failure.detail}
          codeLabel={t('reason')}
          action={<ResendButton mailId={mail.id} resend={resend} />}
          className="mb-6"
        >
          {t(`reasons.${mail.failure.reason}`)}
        </ErrorPanel>
      )}
      <Tabs
        label={t('forms')}
        tabs={[
          {
            value: 'html',
            label: t('html'),
            content: (
              <iframe
                title={mail.subject}
                sandbox=""
                srcDoc={mail.html}
                className="mt-4 h-[36rem] w-full rounded-md border border-line bg-white"
              />
            ),
          },
          { value: 'text', label: t('text'), content: <Plain>{mail.text}</Plain> },
          ...(ics ? [{ value: 'ics', label: t('calendar'), content: <Plain>{ics}</Plain> }] : []),
        ]}
      />
    </>
  )
}

const Fact = ({ term, children }: { term: ReactNode; children: ReactNode }) => (
  <div>
    <dt className="text-sm text-muted">{term}</dt>
    <dd className="tabular font-medium break-all">{children}</dd>
  </div>
)
const Plain = ({ children }: { children: string }) => (
  <pre className="mt-4 overflow-x-auto rounded-md border border-line bg-surface p-4 font-mono text-sm whitespace-pre-wrap">
    {children}
  </pre>
)
