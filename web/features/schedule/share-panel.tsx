'use client'
import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { useTranslations } from 'next-intl'
import { CopyButton } from '../../ui/copy-button.tsx'
import { useFormats } from '../../ui/use-formats.ts'

/** How others get in: the link, its picture for phones, and the code guests type. */
export function SharePanel({ meeting }: { meeting: MeetingDetail }) {
  const t = useTranslations('portal.share')
  const format = useFormats()
  const invitation = t('message', {
    title: meeting.title,
    when: `${format.fullDay(meeting.startsAt)} ${format.time(meeting.startsAt)}`,
    link: meeting.joinUrl,
    guests: meeting.guestsAllowed ? 'yes' : 'no',
    passcode: meeting.passcode,
  })
  return (
    <aside aria-labelledby="share" className="rounded-md border border-line bg-surface p-5">
      <h2 id="share" className="text-lg font-semibold">
        {t('title')}
      </h2>
      <div className="mt-4 flex flex-col gap-5 sm:flex-row xl:flex-col">
        <div className="shrink-0 self-center rounded-md bg-white p-3">
          {/* biome-ignore lint/performance/noImgElement: a data URL of a few hundred bytes needs no optimiser. */}
          <img src={meeting.joinQr} alt={t('qr')} width={176} height={176} className="size-44" />
        </div>
        <div className="flex min-w-0 flex-1 flex-col gap-4">
          <ShareLine testId="join-link" label={t('link')} value={meeting.joinUrl} copy={t('copyLink')} />
          {meeting.guestsAllowed && (
            <div>
              <p className="text-sm text-muted">{t('passcode')}</p>
              <p data-testid="passcode" className="tabular text-2xl font-semibold tracking-[0.12em]">
                {meeting.passcode.replace(/^(\d{3})(?=\d{3}$)/, '$1 ')}
              </p>
              <p className="text-sm text-muted">{t('passcodeHelp')}</p>
            </div>
          )}
          {meeting.watchUrl && (
            <ShareLine
              testId="watch-link"
              label={t('watch')}
              value={meeting.watchUrl}
              copy={t('copyWatch')}
              help={t('watchHelp')}
            />
          )}
          <CopyButton text={invitation}>{t('copyInvitation')}</CopyButton>
        </div>
      </div>
    </aside>
  )
}

function ShareLine({
  testId,
  label,
  value,
  copy,
  help,
}: {
  testId: string
  label: string
  value: string
  copy: string
  help?: string
}) {
  return (
    <div>
      <p className="text-sm text-muted">{label}</p>
      <p data-testid={testId} className="font-medium break-all select-all">
        {value.replace(/^https?:\/\//, '')}
      </p>
      {help && <p className="text-sm text-muted">{help}</p>}
      <CopyButton text={value} variant="quiet" size="sm" className="-ml-3">
        {copy}
      </CopyButton>
    </div>
  )
}
