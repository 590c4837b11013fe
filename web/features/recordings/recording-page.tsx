'use client'
import { Download, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { type ReactNode, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { LinkButton, TextLink } from '../../ui/link-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Progress } from '../../ui/progress.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { RecordingStatus } from './recording-status.tsx'
import { isUnderWay, type RecordingItem } from './recording-view.ts'

/** Plays one recording; before there is a file, says how far it is. */
export function RecordingPage({
  recording,
  remove,
}: {
  recording: RecordingItem
  /** Resolves to the text of what went wrong, or undefined. */
  remove: () => Promise<string | undefined>
}) {
  const t = useTranslations('portal.recordings')
  const format = useFormats()
  const fileUrl = `/api/recordings/${recording.id}/file`
  useRefresh(isUnderWay(recording.status), 2500)
  return (
    <>
      <PageHeader
        back={{ href: '/recordings', label: t('title') }}
        title={recording.title}
        badge={<RecordingStatus recording={recording} />}
        actions={
          recording.status === 'ready' &&
          recording.may.download && (
            <LinkButton
              href={`${fileUrl}?download=1`}
              variant="primary"
              icon={<Download aria-hidden />}
              prefetch={false}
              download
            >
              {t('download')}
            </LinkButton>
          )
        }
      >
        {recording.startedAt && <span className="tabular">{format.dayTime(recording.startedAt)}</span>}
      </PageHeader>
      <div className="grid items-start gap-x-10 gap-y-6 xl:grid-cols-[minmax(0,1fr)_18rem]">
        <Picture recording={recording} fileUrl={fileUrl} />
        <div>
          <dl className="grid grid-cols-2 gap-4 xl:grid-cols-1">
            {recording.startedAt && (
              <Fact term={t('started')}>
                {format.date(recording.startedAt)} {format.time(recording.startedAt)}
              </Fact>
            )}
            {recording.durationMs !== null && (
              <Fact term={t('length')}>{format.duration(recording.durationMs)}</Fact>
            )}
            {recording.sizeBytes !== null && (
              <Fact term={t('size')}>{format.bytes(recording.sizeBytes)}</Fact>
            )}
            <Fact term={t('ofMeeting')}>
              <TextLink href={`/meetings/${recording.meetingId}`}>{t('openMeeting')}</TextLink>
            </Fact>
          </dl>
          {recording.status === 'ready' && recording.may.play && !recording.may.download && (
            <p className="mt-4 text-sm text-muted">{t('playOnly')}</p>
          )}
          {recording.may.delete && !['recording', 'starting'].includes(recording.status) && (
            <DeleteRecording recording={recording} remove={remove} />
          )}
        </div>
      </div>
    </>
  )
}

function Picture({ recording, fileUrl }: { recording: RecordingItem; fileUrl: string }) {
  const t = useTranslations('portal.recordings')
  const [hasFailed, setFailed] = useState(false)
  if (recording.status === 'failed') {
    // Our own reasons are codes; the recorder's are sentences of its log and stand as they are.
    const key = `reason.${recording.error}`
    const reason = /^\w+$/.test(recording.error ?? '') && t.has(key) ? t(key) : null
    return (
      <ErrorPanel title={t('failedTitle')} code={recording.error ?? undefined} codeLabel={t('errorCode')}>
        {reason && <p className="mb-2">{reason}</p>}
        {t('failedHelp')}
      </ErrorPanel>
    )
  }
  if (recording.status !== 'ready') {
    return (
      <div className="flex aspect-video flex-col justify-center rounded-md border border-line bg-surface p-6 sm:px-16">
        <p className="mb-4 text-lg font-semibold text-pretty">{t(`waiting.${recording.status}`)}</p>
        {(recording.status === 'composing' || recording.status === 'stopping') && (
          <Progress label={t('status.composing')} percent={recording.progress} />
        )}
        <p className="mt-4 text-muted">{t('waitingHelp')}</p>
      </div>
    )
  }
  if (!recording.may.play) return <Notice>{t('mayNotPlay')}</Notice>
  if (hasFailed) {
    return (
      <ErrorPanel
        title={t('playFailed')}
        action={<Button onClick={() => setFailed(false)}>{t('tryAgain')}</Button>}
      >
        {t('playFailedHelp')}
      </ErrorPanel>
    )
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: meetings have no captions yet; the file carries names in the picture.
    <video
      src={fileUrl}
      controls
      playsInline
      preload="metadata"
      onError={() => setFailed(true)}
      className="aspect-video w-full rounded-md bg-black"
    />
  )
}

function DeleteRecording({
  recording,
  remove,
}: {
  recording: RecordingItem
  remove: () => Promise<string | undefined>
}) {
  const t = useTranslations('portal.recordings')
  const toast = useToast()
  const router = useRouter()
  return (
    <div className="mt-6 border-t border-line pt-4">
      <ConfirmDialog
        trigger={
          <Button variant="danger-quiet" icon={<Trash2 aria-hidden />} className="-ml-4">
            {t('delete')}
          </Button>
        }
        title={t('deleteTitle')}
        description={t('deleteDescription', { title: recording.title })}
        confirmLabel={t('deleteConfirm')}
        onConfirm={async () => {
          const fault = await remove()
          if (fault) return fault
          toast({ tone: 'ok', text: t('deleted') })
          router.push('/recordings')
          return undefined
        }}
      />
    </div>
  )
}

const Fact = ({ term, children }: { term: ReactNode; children: ReactNode }) => (
  <div>
    <dt className="text-sm text-muted">{term}</dt>
    <dd className="tabular font-medium">{children}</dd>
  </div>
)
