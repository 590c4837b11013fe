'use client'
import { Send } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useTransition } from 'react'
import { Button } from '../../ui/button.tsx'
import { useToast } from '../../ui/toast.tsx'

export type Resend = (mailId: string | null) => Promise<string | undefined>

/** Tries one mail again, or with null all that failed; says that it was put in line, or why not. */
export function ResendButton({ mailId, resend }: { mailId: string | null; resend: Resend }) {
  const t = useTranslations('portal.outbox')
  const toast = useToast()
  const [isPending, start] = useTransition()
  const press = () =>
    start(async () => {
      const fault = await resend(mailId)
      toast(fault ? { text: fault, tone: 'danger' } : { text: t('resent'), tone: 'ok' })
    })
  return (
    <Button icon={<Send aria-hidden />} onClick={press} pending={isPending} data-testid="resend">
      {t(mailId === null ? 'resendAll' : 'resend')}
    </Button>
  )
}
