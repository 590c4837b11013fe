'use client'
import type { Clashes } from '@diemcau/core/contracts/portal.ts'
import { TriangleAlert, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Button } from '../../ui/button.tsx'
import { MultiCombobox } from '../../ui/combobox.tsx'
import { Field } from '../../ui/field.tsx'
import { IconButton } from '../../ui/icon-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { ClashNote } from './clash-note.tsx'

export interface HallChoice {
  id: string
  name: string
  unitName: string
  order: number
  /** An account sits in it, or its contact has an address: its invitation goes somewhere. */
  isReachable: boolean
}
/** Which halls take part, found by typing; each shows whether another meeting has it at that time. */
export function HallPicker({
  id,
  halls,
  chosen,
  clashes,
  error,
  onChange,
}: {
  id: string
  halls: HallChoice[]
  chosen: string[]
  clashes: Clashes['halls']
  error: string | undefined
  onChange: (ids: string[]) => void
}) {
  const t = useTranslations('portal.form')
  const isChosen = new Set(chosen)
  const shown = halls.filter(hall => isChosen.has(hall.id))
  const unreachable = shown.filter(hall => !hall.isReachable).length
  const clashOf = new Map(clashes.map(clash => [clash.hallId, clash.title]))
  return (
    <div className="flex flex-col gap-3">
      <Field label={t('halls')} id={id} help={t('hallsHelp')} error={error} optional>
        <MultiCombobox
          options={halls.map(hall => ({ value: hall.id, label: hall.name, detail: hall.unitName }))}
          values={chosen}
          onChange={onChange}
          placeholder={t('hallsPlaceholder')}
        />
      </Field>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p aria-live="polite" className="font-medium">
          {t('hallsChosen', { count: chosen.length })}
          {clashes.length > 0 && (
            <span className="ml-2 inline-flex items-center gap-1.5 text-warn">
              <TriangleAlert aria-hidden className="size-4" />
              {t('clashCount', { count: clashes.length })}
            </span>
          )}
        </p>
        <div className="-mr-3 flex gap-1">
          {chosen.length < halls.length && (
            <Button variant="quiet" size="sm" onClick={() => onChange(halls.map(hall => hall.id))}>
              {t('allHalls', { count: halls.length })}
            </Button>
          )}
          {chosen.length > 0 && (
            <Button variant="quiet" size="sm" onClick={() => onChange([])}>
              {t('noHalls')}
            </Button>
          )}
        </div>
      </div>
      {unreachable > 0 && (
        <Notice tone="warn">
          <p>{t('hallsUnreachable', { count: unreachable })}</p>
        </Notice>
      )}
      {shown.length > 0 && (
        <ul className="max-h-80 divide-y divide-line overflow-y-auto rounded-md border border-line bg-surface">
          {shown.map(hall => {
            const clash = clashOf.get(hall.id)
            return (
              <li key={hall.id} className="flex items-center gap-2 py-1 pr-1 pl-3">
                <div className="min-w-0 flex-1 py-1">
                  <p>
                    <bdi>{hall.name}</bdi>{' '}
                    <span className="text-sm text-muted">
                      – <bdi>{hall.unitName}</bdi>
                    </span>
                  </p>
                  {!hall.isReachable && <ClashNote>{t('hallUnreachable')}</ClashNote>}
                  {clash && <ClashNote>{t('clash', { title: clash })}</ClashNote>}
                </div>
                <IconButton
                  label={t('removeHall', { name: hall.name })}
                  icon={<X />}
                  onClick={() => onChange(chosen.filter(one => one !== hall.id))}
                />
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}
