'use client'
import { Trash2 } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { ActionResult } from '../../ui/action-result.ts'
import { Button } from '../../ui/button.tsx'
import { Combobox } from '../../ui/combobox.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { EditSheet } from '../../ui/edit-sheet.tsx'
import { Field } from '../../ui/field.tsx'
import { Input } from '../../ui/input.tsx'
import type { HallItem, HallValues, UnitItem } from './organisation-types.ts'

/** Adds or changes a hall. */
export function HallSheet({
  hall,
  units,
  save,
  remove,
  onClose,
  onSaved,
}: {
  hall: HallItem | null
  units: UnitItem[]
  save: (values: HallValues) => Promise<ActionResult>
  /** Resolves to the text of what went wrong, or undefined. */
  remove: (hallId: string) => Promise<string | undefined>
  onClose: () => void
  /** Called with what was done, in words. */
  onSaved: (text: string) => void
}) {
  const t = useTranslations('portal.halls')
  const [name, setName] = useState(hall?.name ?? '')
  const [unitId, setUnitId] = useState<string | null>(hall?.unitId ?? null)
  const [address, setAddress] = useState(hall?.address ?? '')
  const [contactName, setContactName] = useState(hall?.contactName ?? '')
  const [contactEmail, setContactEmail] = useState(hall?.contactEmail ?? '')
  const [contactPhone, setContactPhone] = useState(hall?.contactPhone ?? '')
  const [order, setOrder] = useState(String(hall?.order ?? 0))

  const handleSave = async (): Promise<ActionResult> => {
    const fields: Record<string, string> = {}
    if (name.trim().length < 2) fields.name = t('fault.name')
    if (!unitId) fields.unitId = t('fault.unit')
    if (!/^\d{1,6}$/.test(order.trim())) fields.order = t('fault.order')
    if (Object.keys(fields).length > 0) return { ok: false, message: '', fields }
    return save({
      id: hall?.id ?? null,
      name: name.trim(),
      unitId: unitId ?? '',
      address: address.trim(),
      order: Number(order),
      contactName: contactName.trim(),
      contactEmail: contactEmail.trim(),
      contactPhone: contactPhone.trim(),
    })
  }
  return (
    <EditSheet
      title={hall ? t('editTitle') : t('add')}
      saveLabel={t('save')}
      save={handleSave}
      onClose={onClose}
      onSaved={() => onSaved(t('saved'))}
      extra={
        hall && (
          <ConfirmDialog
            trigger={
              <Button variant="danger-quiet" icon={<Trash2 aria-hidden />} className="-ml-4">
                {t('remove')}
              </Button>
            }
            title={t('removeTitle')}
            description={t('removeDescription', { name: hall.name })}
            confirmLabel={t('remove')}
            onConfirm={async () => {
              const fault = await remove(hall.id)
              if (!fault) onSaved(t('removed'))
              return fault
            }}
          />
        )
      }
    >
      {faults => (
        <>
          <Field label={t('name')} id="name" help={t('nameHelp')} error={faults.name}>
            <Input value={name} onChange={event => setName(event.target.value)} />
          </Field>
          <Field label={t('unit')} id="unitId" error={faults.unitId}>
            <Combobox
              options={units.map(unit => ({
                value: unit.id,
                label: unit.name,
                detail: units.find(one => one.id === unit.parentId)?.name,
              }))}
              value={unitId}
              onChange={setUnitId}
              placeholder={t('unitPlaceholder')}
            />
          </Field>
          <Field label={t('address')} id="address" error={faults.address} optional>
            <Input value={address} onChange={event => setAddress(event.target.value)} />
          </Field>
          <Field
            label={t('contactName')}
            id="contactName"
            help={t('contactHelp')}
            error={faults.contactName}
            optional
          >
            <Input value={contactName} onChange={event => setContactName(event.target.value)} />
          </Field>
          <Field label={t('contactEmail')} id="contactEmail" error={faults.contactEmail} optional>
            <Input
              type="text"
              inputMode="email"
              spellCheck={false}
              autoCapitalize="none"
              value={contactEmail}
              onChange={event => setContactEmail(event.target.value)}
            />
          </Field>
          <Field label={t('contactPhone')} id="contactPhone" error={faults.contactPhone} optional>
            <Input
              type="tel"
              className="tabular"
              value={contactPhone}
              onChange={event => setContactPhone(event.target.value)}
            />
          </Field>
          <Field label={t('order')} id="order" help={t('orderHelp')} error={faults.order}>
            <Input
              inputMode="numeric"
              className="tabular w-32"
              value={order}
              onChange={event => setOrder(event.target.value)}
            />
          </Field>
        </>
      )}
    </EditSheet>
  )
}
