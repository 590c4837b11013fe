'use client'
import { MIN_PASSWORD } from '@diemcau/core/password-rule.ts'
import { type AccountRole, accountRoles } from '@diemcau/core/roles.ts'
import { KeyRound, UserRoundCheck, UserRoundX } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { ActionResult } from '../../ui/action-result.ts'
import { Button } from '../../ui/button.tsx'
import { Combobox } from '../../ui/combobox.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { EditSheet } from '../../ui/edit-sheet.tsx'
import { Field } from '../../ui/field.tsx'
import { Input, PasswordInput } from '../../ui/input.tsx'
import { Select } from '../../ui/select.tsx'
import type { Choice, UserActions, UserItem } from './user-types.ts'

/** Adds or changes an account, and what else an administrator does with one. */
export function UserSheet({
  user,
  isOwn,
  units,
  halls,
  actions,
  onClose,
  onDone,
}: {
  user: UserItem | null
  isOwn: boolean
  units: Choice[]
  halls: Choice[]
  actions: UserActions
  onClose: () => void
  /** Called with what was done, in words. */
  onDone: (text: string) => void
}) {
  const t = useTranslations('portal.users')
  const roles = useTranslations('portal.roles')
  const [values, setValues] = useState({
    name: user?.name ?? '',
    email: user?.email ?? '',
    role: user?.role ?? ('official' as AccountRole),
    title: user?.title ?? '',
    unitId: user?.unitId ?? null,
    hallId: user?.hallId ?? null,
    password: '',
  })
  const set = (part: Partial<typeof values>) => setValues(before => ({ ...before, ...part }))

  const handleSave = async (): Promise<ActionResult> => {
    const fields: Record<string, string> = {}
    if (values.name.trim().length < 2) fields.name = t('fault.name')
    if (!/^\S+@\S+\.\S+$/.test(values.email.trim())) fields.email = t('fault.email')
    if ((!user || values.password) && values.password.length < MIN_PASSWORD) {
      fields.password = t('fault.password', { count: MIN_PASSWORD })
    }
    if (Object.keys(fields).length > 0) return { ok: false, message: '', fields }
    return actions.save({
      ...values,
      id: user?.id ?? null,
      name: values.name.trim(),
      email: values.email.trim().toLowerCase(),
      title: values.title.trim(),
      password: values.password || null,
    })
  }

  return (
    <EditSheet
      title={user ? t('editTitle') : t('add')}
      saveLabel={t('save')}
      save={handleSave}
      onClose={onClose}
      onSaved={() => onDone(t('saved'))}
      extra={
        user &&
        !isOwn && (
          <div className="flex flex-col items-start gap-1">
            <ConfirmDialog
              trigger={
                <Button variant="quiet" icon={<KeyRound aria-hidden />} className="-ml-4">
                  {t('revoke')}
                </Button>
              }
              title={t('revokeTitle')}
              description={t('revokeDescription', { name: user.name })}
              confirmLabel={t('revoke')}
              onConfirm={async () => {
                const fault = await actions.revokeSessions(user.id)
                if (!fault) onDone(t('revoked'))
                return fault
              }}
            />
            <ConfirmDialog
              trigger={
                <Button
                  variant={user.disabled ? 'quiet' : 'danger-quiet'}
                  icon={user.disabled ? <UserRoundCheck aria-hidden /> : <UserRoundX aria-hidden />}
                  className="-ml-4"
                >
                  {user.disabled ? t('enable') : t('disable')}
                </Button>
              }
              title={user.disabled ? t('enableTitle') : t('disableTitle')}
              description={t(user.disabled ? 'enableDescription' : 'disableDescription', { name: user.name })}
              confirmLabel={user.disabled ? t('enable') : t('disable')}
              onConfirm={async () => {
                const fault = await actions.setDisabled(user.id, !user.disabled)
                if (!fault) onDone(user.disabled ? t('enabled') : t('disabledDone'))
                return fault
              }}
            />
          </div>
        )
      }
    >
      {faults => (
        <>
          <Field label={t('name')} id="name" error={faults.name}>
            <Input
              autoComplete="off"
              value={values.name}
              onChange={event => set({ name: event.target.value })}
            />
          </Field>
          <Field label={t('email')} id="email" error={faults.email}>
            <Input
              type="email"
              autoComplete="off"
              spellCheck={false}
              value={values.email}
              onChange={event => set({ email: event.target.value })}
            />
          </Field>
          <Field label={t('role')} id="role" help={t(`roleHelp.${values.role}`)} error={faults.role}>
            <Select
              value={values.role}
              disabled={isOwn}
              options={accountRoles.map(role => ({ value: role, label: roles(role) }))}
              onChange={event => set({ role: event.target.value as AccountRole })}
            />
          </Field>
          <Field label={t('office')} id="title" help={t('officeHelp')} error={faults.title} optional>
            <Input value={values.title} onChange={event => set({ title: event.target.value })} />
          </Field>
          <Field label={t('unit')} id="unitId" error={faults.unitId} optional>
            <Combobox
              clearable
              options={units.map(toOption)}
              value={values.unitId}
              onChange={unitId => set({ unitId })}
            />
          </Field>
          <Field label={t('hall')} id="hallId" help={t('hallHelp')} error={faults.hallId} optional>
            <Combobox
              clearable
              options={halls.map(toOption)}
              value={values.hallId}
              onChange={hallId => set({ hallId })}
            />
          </Field>
          <Field
            label={user ? t('newPassword') : t('password')}
            id="password"
            help={t(user ? 'newPasswordHelp' : 'passwordHelp', { count: MIN_PASSWORD })}
            error={faults.password}
            optional={user !== null}
          >
            <PasswordInput
              autoComplete="new-password"
              value={values.password}
              onChange={event => set({ password: event.target.value })}
            />
          </Field>
        </>
      )}
    </EditSheet>
  )
}

const toOption = (choice: Choice) => ({ value: choice.id, label: choice.name, detail: choice.detail })
