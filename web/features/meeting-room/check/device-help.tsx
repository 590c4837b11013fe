'use client'
import { Camera, Lock, Mic, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { DeviceProblem } from '../../../live/device-problem.ts'
import { Button } from '../../../ui/button.tsx'

/** Which device failed, why, and what to press; with a drawing of the browser's own question where that is the way out. */
export function DeviceHelp({
  device,
  problem,
  onRetry,
}: {
  device: 'microphone' | 'camera' | 'both'
  problem: DeviceProblem
  onRetry: () => void
}) {
  const t = useTranslations('room.device')
  return (
    <div role="alert" data-testid={`${device}-problem`} className="rounded-md bg-warn-soft px-4 py-3">
      <div className="flex items-start gap-3">
        <TriangleAlert aria-hidden className="mt-0.5 size-5 shrink-0 text-warn" />
        <div className="min-w-0 flex-1">
          <p className="font-semibold">{t(`${device}.${problem}`)}</p>
          <p className="mt-1">{t(`todo.${problem}`)}</p>
          {problem === 'denied' && <PromptPicture />}
          {problem !== 'insecure' && problem !== 'unsupported' && (
            <Button size="sm" className="mt-3" onClick={onRetry}>
              {t('retry')}
            </Button>
          )}
        </div>
      </div>
    </div>
  )
}

/** A drawing of the address bar and the question under it, so that people know where to look. */
function PromptPicture() {
  const t = useTranslations('room.device.prompt')
  return (
    <div aria-hidden className="mt-3 max-w-sm rounded-lg border border-line bg-surface p-2 text-sm text-text">
      <div className="flex items-center gap-2 rounded-full bg-sunken px-3 py-1.5">
        <span className="flex size-7 items-center justify-center rounded-full border-2 border-danger">
          <Lock className="size-4" />
        </span>
        <span className="truncate text-muted">{t('address')}</span>
      </div>
      <div className="mt-2 ml-2 w-64 rounded-md border border-line p-3 shadow-pop">
        <p className="flex items-center gap-2">
          <Mic className="size-4" /> {t('microphone')}{' '}
          <span className="ml-auto font-semibold text-ok">{t('allow')}</span>
        </p>
        <p className="mt-2 flex items-center gap-2">
          <Camera className="size-4" /> {t('camera')}{' '}
          <span className="ml-auto font-semibold text-ok">{t('allow')}</span>
        </p>
      </div>
    </div>
  )
}
