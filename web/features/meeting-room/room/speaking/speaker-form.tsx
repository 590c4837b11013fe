'use client'
import { useTranslations } from 'next-intl'
import { type FormEvent, useState } from 'react'
import { Button } from '../../../../ui/button.tsx'
import { Field } from '../../../../ui/field.tsx'
import { Input } from '../../../../ui/input.tsx'
import { Select } from '../../../../ui/select.tsx'
import { useCommand, useMedia } from '../meeting-context.tsx'

const empty = { name: '', identity: '', topic: '' }

/** Puts somebody else on the list: a hall, a voter who speaks through one, or somebody who only has a name. */
export function SpeakerForm() {
  const t = useTranslations('room.speaking')
  const { participants } = useMedia()
  const command = useCommand()
  const [form, setForm] = useState(empty)
  const [isMissing, setMissing] = useState(false)
  const change = (part: Partial<typeof empty>) => setForm({ ...form, ...part })
  const send = (event: FormEvent) => {
    event.preventDefault()
    const name = form.name.trim()
    const isNameless = name === '' && form.identity === ''
    setMissing(isNameless)
    if (isNameless) return
    void command({
      type: 'speaking_add',
      ...(form.identity ? { identity: form.identity } : {}),
      ...(name ? { name } : {}),
      topic: form.topic.trim(),
    }).then(isDone => {
      if (isDone) setForm(empty)
    })
  }
  return (
    <details className="rounded-md border border-line-strong">
      <summary
        data-testid="add-speaker"
        className="flex min-h-11 cursor-pointer items-center px-3 font-medium"
      >
        {t('add')}
      </summary>
      <form onSubmit={send} className="flex flex-col gap-3 p-3" noValidate>
        <Field label={t('addName')} error={isMissing ? t('nameMissing') : null}>
          <Input
            data-testid="speaker-name"
            maxLength={120}
            value={form.name}
            onChange={event => change({ name: event.target.value })}
          />
        </Field>
        <Field label={t('addHall')}>
          <Select
            data-testid="speaker-hall"
            value={form.identity}
            placeholder={t('addHallNone')}
            options={participants
              .filter(one => one.role !== 'viewer')
              .map(one => ({ value: one.identity, label: one.name }))}
            onChange={event => change({ identity: event.target.value })}
          />
        </Field>
        <Field label={t('topic')} optional>
          <Input
            data-testid="speaker-topic"
            maxLength={200}
            value={form.topic}
            onChange={event => change({ topic: event.target.value })}
          />
        </Field>
        <Button type="submit" data-testid="speaker-send">
          {t('addSend')}
        </Button>
      </form>
    </details>
  )
}
