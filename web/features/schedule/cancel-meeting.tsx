'use client'
import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { CalendarX } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { Textarea } from '../../ui/input.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Calls a meeting off; the reason goes to everybody who was invited. */
export function CancelMeeting({
  meeting,
  cancel,
}: {
  meeting: MeetingDetail
  cancel: (reason: string) => Promise<string | undefined>
}) {
  const t = useTranslations('portal.meeting')
  const toast = useToast()
  const [reason, setReason] = useState('')
  return (
    <ConfirmDialog
      trigger={
        <Button variant="danger-quiet" icon={<CalendarX aria-hidden />}>
          {t('cancel')}
        </Button>
      }
      title={t('cancelTitle')}
      description={t('cancelDescription', { title: meeting.title, count: meeting.invitees.length })}
      confirmLabel={t('cancelConfirm')}
      onConfirm={async () => {
        if (reason.trim() === '') return t('cancelNeedsReason')
        const fault = await cancel(reason.trim())
        if (!fault) toast({ tone: 'ok', text: t(meeting.mailsLeave ? 'cancelDone' : 'cancelDoneUnsent') })
        return fault
      }}
    >
      <Field label={t('cancelReason')} help={t('cancelReasonHelp')}>
        <Textarea rows={3} maxLength={500} value={reason} onChange={event => setReason(event.target.value)} />
      </Field>
    </ConfirmDialog>
  )
}
