'use client'
import { useTranslations } from 'next-intl'
import { type FormEvent, useState } from 'react'
import { ownWish } from '../../../../live/speaking-view.ts'
import { Button } from '../../../../ui/button.tsx'
import { Field } from '../../../../ui/field.tsx'
import { Input } from '../../../../ui/input.tsx'
import { useCommand, useFloor, useSelf } from '../meeting-context.tsx'

/** Puts oneself on the list with what it is about, or takes oneself off. */
export function AskToSpeak() {
  const t = useTranslations('room.speaking')
  const { speaking } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const [topic, setTopic] = useState('')
  const own = ownWish(speaking, self.identity)
  if (own)
    return (
      <Button
        data-testid="withdraw-wish"
        onClick={() => void command({ type: 'speaking_remove', turnId: own.turn.id })}
      >
        {t('withdraw')}
      </Button>
    )
  const send = (event: FormEvent) => {
    event.preventDefault()
    void command({ type: 'hand_raise', topic: topic.trim() }).then(isDone => {
      if (isDone) setTopic('')
    })
  }
  return (
    <form onSubmit={send} className="flex flex-col gap-2">
      <Field label={t('topic')} optional>
        <Input
          data-testid="wish-topic"
          maxLength={200}
          value={topic}
          onChange={event => setTopic(event.target.value)}
        />
      </Field>
      <Button type="submit" variant="primary" data-testid="wish-send">
        {t('ask')}
      </Button>
    </form>
  )
}
