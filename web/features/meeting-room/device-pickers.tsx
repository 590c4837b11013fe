'use client'
import { useTranslations } from 'next-intl'
import type { DeviceChoice } from '../../live/media-options.ts'
import type { DeviceLists } from '../../live/use-devices.ts'
import { Field } from '../../ui/field.tsx'
import { Select } from '../../ui/select.tsx'
import { Switch } from '../../ui/switch.tsx'

/** Microphone, camera and speaker to choose from, and thrift with data. Used before and during the meeting. */
export function DevicePickers({
  devices,
  choice,
  onChange,
}: {
  devices: DeviceLists
  choice: DeviceChoice
  onChange: (choice: DeviceChoice) => void
}) {
  const t = useTranslations('room.device')
  const options = (list: MediaDeviceInfo[], kind: string) => [
    { value: '', label: t('default') },
    ...list
      .filter(device => device.deviceId !== 'default')
      .map((device, index) => ({
        value: device.deviceId,
        label: device.label || t('unnamed', { kind, number: index + 1 }),
      })),
  ]
  const known = (list: MediaDeviceInfo[], id: string) =>
    list.some(device => device.deviceId === id) ? id : ''
  return (
    <div className="flex flex-col gap-4">
      <Field label={t('microphoneLabel')}>
        <Select
          data-testid="pick-microphone"
          options={options(devices.microphones, t('microphoneLabel'))}
          value={known(devices.microphones, choice.microphoneId)}
          onChange={event => onChange({ ...choice, microphoneId: event.target.value })}
        />
      </Field>
      <Field label={t('cameraLabel')}>
        <Select
          data-testid="pick-camera"
          options={options(devices.cameras, t('cameraLabel'))}
          value={known(devices.cameras, choice.cameraId)}
          onChange={event => onChange({ ...choice, cameraId: event.target.value })}
        />
      </Field>
      {devices.speakers.length > 0 && (
        <Field label={t('speakerLabel')}>
          <Select
            data-testid="pick-speaker"
            options={options(devices.speakers, t('speakerLabel'))}
            value={known(devices.speakers, choice.speakerId)}
            onChange={event => onChange({ ...choice, speakerId: event.target.value })}
          />
        </Field>
      )}
      <Switch
        label={t('savesData')}
        help={t('savesDataHelp')}
        checked={choice.savesData}
        onChange={savesData => onChange({ ...choice, savesData })}
      />
    </div>
  )
}
