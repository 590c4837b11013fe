'use client'
import { floorModes } from '@diemcau/core/floor/speaking-list.ts'
import { useTranslations } from 'next-intl'
import { Field } from '../../../../ui/field.tsx'
import { RadioGroup } from '../../../../ui/radio-group.tsx'
import { Select } from '../../../../ui/select.tsx'
import { Switch } from '../../../../ui/switch.tsx'
import { useCommand, useFloor } from '../meeting-context.tsx'

const MINUTES = [2, 3, 5, 7, 10, 15]

/** How people speak, how long, and who goes first; in force at once. */
export function FloorRules() {
  const t = useTranslations('room.speaking')
  const { mode, limitS, isUnspokenFirst } = useFloor().speaking.floor
  const command = useCommand()
  const choices = [...new Set([...MINUTES.map(minutes => minutes * 60), ...(limitS > 0 ? [limitS] : [])])]
  return (
    <section aria-label={t('rules')} className="flex flex-col gap-3">
      <h2 className="font-semibold">{t('mode.label')}</h2>
      <div data-testid="mode-choice">
        <RadioGroup
          label={t('mode.label')}
          value={mode}
          options={floorModes.map(value => ({
            value,
            label: t(`mode.${value}`),
            help: t(`mode.${value}Help`),
          }))}
          onChange={value => void command({ type: 'speaking_mode', mode: value })}
        />
      </div>
      <Field label={t('limit')}>
        <Select
          data-testid="speech-limit"
          value={String(limitS)}
          options={[
            ...choices
              .sort((a, b) => a - b)
              .map(seconds => ({
                value: String(seconds),
                label: t('minutes', { count: Math.round(seconds / 60) }),
              })),
            { value: '0', label: t('noLimit') },
          ]}
          onChange={event => void command({ type: 'speaking_rules', limitS: Number(event.target.value) })}
        />
      </Field>
      <Switch
        label={t('unspokenFirst')}
        help={t('unspokenFirstHelp')}
        checked={isUnspokenFirst}
        onChange={isOn => void command({ type: 'speaking_rules', isUnspokenFirst: isOn })}
      />
    </section>
  )
}
