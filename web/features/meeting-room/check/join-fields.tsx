'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import { codeDigits, HALL_CODE_LENGTH } from '@diemcau/core/text/code-digits.ts'
import { useTranslations } from 'next-intl'
import { Combobox } from '../../../ui/combobox.tsx'
import { Field } from '../../../ui/field.tsx'
import { Input } from '../../../ui/input.tsx'
import { initialFocus } from '../../../ui/use-initial-focus.ts'

export interface JoinValues {
  name: string
  unit: string
  endpointId: string | null
  passcode: string
}

/** Who joins, from which hall, and the passcode where one is needed. */
export function JoinFields({
  meeting,
  values,
  hasInitialFocus,
  isNameMissing,
  isCodeWrong,
  onName,
  onUnit,
  onEndpoint,
  onPasscode,
}: {
  meeting: PublicMeeting
  values: JoinValues
  /** The name is the first thing to fill in. */
  hasInitialFocus: boolean
  isNameMissing: boolean
  isCodeWrong: boolean
  onName: (name: string) => void
  onUnit: (unit: string) => void
  onEndpoint: (endpointId: string | null) => void
  onPasscode: (passcode: string) => void
}) {
  const t = useTranslations('room.check')
  const endpoint = meeting.endpoints.find(candidate => candidate.id === values.endpointId)
  const isFixed = meeting.user?.endpointId != null
  // Neither this browser's own hall nor, as far as is known here, one with its code.
  const isClaim =
    endpoint !== undefined &&
    endpoint.id !== meeting.deviceEndpointId &&
    !isModerator(meeting.user?.role ?? 'guest') &&
    codeDigits(values.passcode).length !== HALL_CODE_LENGTH
  return (
    <>
      {meeting.user ? (
        <div>
          <p className="text-muted">{t('signedInAs')}</p>
          <p className="text-lg font-semibold">{meeting.user.name}</p>
        </div>
      ) : (
        <Field
          id="join-name"
          label={t('name')}
          help={t('nameHelp')}
          error={isNameMissing ? t('nameMissing') : null}
        >
          <Input
            data-testid="name-input"
            {...(hasInitialFocus ? initialFocus : {})}
            autoComplete="name"
            maxLength={120}
            value={values.name}
            onChange={event => onName(event.target.value)}
          />
        </Field>
      )}
      {isFixed && endpoint ? (
        <div>
          <p className="text-muted">{t('endpoint')}</p>
          <p className="font-semibold">{[endpoint.hall, endpoint.unit].filter(Boolean).join(' – ')}</p>
        </div>
      ) : (
        <>
          {meeting.endpoints.length > 0 && (
            <Field label={t('endpoint')} help={t(isClaim ? 'claimNote' : 'endpointHelp')} optional>
              <Combobox
                options={meeting.endpoints.map(option => ({
                  value: option.id,
                  label: option.hall,
                  detail: option.taken ? `${option.unit} · ${t('endpointTaken')}` : option.unit,
                }))}
                value={values.endpointId}
                onChange={onEndpoint}
                clearable
                placeholder={t('endpointPlaceholder')}
              />
            </Field>
          )}
          {!meeting.user && !endpoint && (
            <Field label={t('unit')} help={t('unitHelp')} optional>
              <Input
                data-testid="unit-input"
                autoComplete="organization"
                maxLength={160}
                value={values.unit}
                onChange={event => onUnit(event.target.value)}
              />
            </Field>
          )}
        </>
      )}
      {meeting.passcodeRequired && (
        <Field label={t('passcode')} help={t('passcodeHelp')} error={isCodeWrong ? t('passcodeWrong') : null}>
          <Input
            data-testid="passcode-input"
            inputMode="numeric"
            autoComplete="off"
            maxLength={24}
            className="tabular max-w-48 text-lg tracking-widest"
            value={values.passcode}
            onChange={event => onPasscode(event.target.value)}
          />
        </Field>
      )}
    </>
  )
}
