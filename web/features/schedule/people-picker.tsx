'use client'
import type { Clashes } from '@diemcau/core/contracts/portal.ts'
import { X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Avatar } from '../../ui/avatar.tsx'
import { MultiCombobox } from '../../ui/combobox.tsx'
import { Field } from '../../ui/field.tsx'
import { IconButton } from '../../ui/icon-button.tsx'
import { ClashNote } from './clash-note.tsx'

export interface PersonChoice {
  id: string
  name: string
  /** Office, unit or address: tells two people of the same name apart. */
  detail: string
}

/** Invited people who have an account. */
export function PeoplePicker({
  id,
  people,
  chosen,
  clashes,
  error,
  onChange,
}: {
  id: string
  people: PersonChoice[]
  chosen: string[]
  clashes: Clashes['people']
  error: string | undefined
  onChange: (ids: string[]) => void
}) {
  const t = useTranslations('portal.form')
  const isChosen = new Set(chosen)
  const clashOf = new Map(clashes.map(clash => [clash.userId, clash.title]))
  const shown = people.filter(person => isChosen.has(person.id))
  return (
    <div className="flex flex-col gap-3">
      <Field label={t('people')} id={id} help={t('peopleHelp')} error={error} optional>
        <MultiCombobox
          options={people.map(person => ({ value: person.id, label: person.name, detail: person.detail }))}
          values={chosen}
          onChange={onChange}
          placeholder={t('peoplePlaceholder')}
        />
      </Field>
      {shown.length > 0 && (
        <ul className="max-h-72 divide-y divide-line overflow-y-auto rounded-md border border-line bg-surface">
          {shown.map(person => (
            <li key={person.id} className="flex items-center gap-3 py-1 pr-1 pl-3">
              <Avatar name={person.name} size="sm" />
              <div className="min-w-0 flex-1">
                <p>{person.name}</p>
                <p className="truncate text-sm text-muted">{person.detail}</p>
                {clashOf.has(person.id) && (
                  <ClashNote>{t('clash', { title: clashOf.get(person.id) ?? '' })}</ClashNote>
                )}
              </div>
              <IconButton
                label={t('removePerson', { name: person.name })}
                icon={<X />}
                onClick={() => onChange(chosen.filter(one => one !== person.id))}
              />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
