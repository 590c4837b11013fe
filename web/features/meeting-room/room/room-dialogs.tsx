'use client'
import { Mic } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { deviceProblem } from '../../../live/device-problem.ts'
import type { DeviceChoice } from '../../../live/media-options.ts'
import { saveSettings } from '../../../live/saved-settings.ts'
import { SHORTCUTS } from '../../../live/shortcuts.ts'
import { useDevices } from '../../../live/use-devices.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog, DialogClose } from '../../../ui/dialog.tsx'
import { Switch } from '../../../ui/switch.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { SpeakerTest } from '../check/speaker-test.tsx'
import { DevicePickers } from '../device-pickers.tsx'
import { type ConfirmRequest, useMeeting } from './meeting-context.tsx'

/** The chair asks to speak: a clear choice, and nothing opens without it. */
export function UnmuteDialog({
  by,
  onOpen,
  onClose,
}: {
  by: string | null
  onOpen: () => void
  onClose: () => void
}) {
  const t = useTranslations('room.unmute')
  return (
    <Dialog
      open={by !== null}
      onOpenChange={isOpen => {
        if (!isOpen) onClose()
      }}
      size="sm"
      title={t('title')}
      description={by ? t('text', { by }) : t('textPlain')}
      footer={
        <>
          <Button
            variant="primary"
            size="lg"
            data-testid="unmute-accept"
            icon={<Mic aria-hidden />}
            onClick={() => {
              onOpen()
              onClose()
            }}
          >
            {t('accept')}
          </Button>
          <Button size="lg" data-testid="unmute-decline" onClick={onClose}>
            {t('decline')}
          </Button>
        </>
      }
    />
  )
}

/** Asks before something that others feel. */
export function ConfirmBox({ request, onClose }: { request: ConfirmRequest | null; onClose: () => void }) {
  const t = useTranslations('common.ui')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question begins with nothing chosen.
  useEffect(() => setChosen(new Set()), [request])
  const choose = (key: string, isOn: boolean) => {
    const next = new Set(chosen)
    if (isOn) next.add(key)
    else next.delete(key)
    setChosen(next)
  }
  return (
    <Dialog
      open={request !== null}
      onOpenChange={isOpen => {
        if (!isOpen) onClose()
      }}
      size="sm"
      title={request?.title}
      description={request?.description}
      footer={
        <>
          <Button
            variant="danger"
            data-testid="confirm"
            onClick={() => {
              request?.run(chosen)
              onClose()
            }}
          >
            {request?.confirmLabel}
          </Button>
          <DialogClose>
            <Button data-testid="confirm-cancel">{t('cancel')}</Button>
          </DialogClose>
        </>
      }
    >
      {request?.choices && (
        <div className="flex flex-col gap-3">
          {request.choices.map(({ key, label, help }) => (
            <div key={key} data-testid={`choice-${key}`}>
              <Switch
                label={label}
                help={help}
                checked={chosen.has(key)}
                onChange={isOn => choose(key, isOn)}
              />
            </div>
          ))}
        </div>
      )}
    </Dialog>
  )
}

/** Other microphone, camera or speaker during the meeting; in force at once. */
export function DeviceDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const t = useTranslations('room.device')
  const { session, settings, setSettings } = useMeeting()
  const devices = useDevices(isOpen)
  const toast = useToast()
  const choose = async (choice: DeviceChoice) => {
    const next = { ...settings, ...choice }
    saveSettings(next)
    setSettings(next)
    try {
      await session.media.local.choose(choice)
    } catch (error) {
      toast({ tone: 'warn', text: t(`inRoom.${deviceProblem(error)}`) })
    }
  }
  return (
    <Dialog
      open={isOpen}
      onOpenChange={open => {
        if (!open) onClose()
      }}
      title={t('title')}
    >
      <DevicePickers devices={devices} choice={settings} onChange={choice => void choose(choice)} />
      <div className="mt-4">
        <SpeakerTest speakerId={settings.speakerId} />
      </div>
    </Dialog>
  )
}

/** The keys of the room. */
export function HelpDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const t = useTranslations('room.keys')
  return (
    <Dialog
      open={isOpen}
      onOpenChange={open => {
        if (!open) onClose()
      }}
      size="sm"
      title={t('title')}
      description={t('text')}
    >
      <dl data-testid="help" className="divide-y divide-line">
        {SHORTCUTS.map(key => (
          <div key={key} className="flex min-h-11 items-center gap-4">
            <dt className="w-12 shrink-0">
              <kbd className="rounded-md border border-line-strong px-2.5 py-1 font-mono font-semibold uppercase">
                {key}
              </kbd>
            </dt>
            <dd>{t(key === '?' ? 'help' : key)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
