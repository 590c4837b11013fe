'use client'
import { CircleHelp, Hand } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type FormEvent, useState } from 'react'
import type { MeetingSession } from '../../live/meeting-session.ts'
import { loadDraft, loadSettings, saveDraft, saveSettings } from '../../live/saved-settings.ts'
import { useStore } from '../../live/use-store.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/field.tsx'
import { Input, Textarea } from '../../ui/input.tsx'
import { useToast } from '../../ui/toast.tsx'

/** A raised hand and a written question, each only while the chair allows it. */
export function WatchAsk({
  session,
  code,
  identity,
}: {
  session: MeetingSession
  code: string
  identity: string
}) {
  const t = useTranslations('room')
  const toast = useToast()
  const floor = useStore(session.floor.state)
  const [isAsking, setAsking] = useState(false)
  const { options, hands, questions } = floor
  const handOrder = hands.findIndex(hand => hand.identity === identity) + 1
  const mine = questions.filter(question => question.identity === identity)

  const toggleHand = async () => {
    const result = await session.floor.send({ type: handOrder > 0 ? 'hand_lower' : 'hand_raise' })
    if (!result.ok && result.code !== 'closed') toast({ tone: 'warn', text: t('fault.other') })
  }

  if (!options.viewersMayRaiseHand && !options.viewersMayAsk && mine.length === 0) return null
  return (
    <section className="flex flex-col gap-3 border-y border-line py-4">
      <div className="flex flex-wrap gap-2">
        {options.viewersMayRaiseHand && (
          <Button data-testid="toggle-hand" icon={<Hand aria-hidden />} onClick={() => void toggleHand()}>
            {handOrder > 0 ? t('watch.handLower') : t('watch.hand')}
          </Button>
        )}
        {options.viewersMayAsk && !isAsking && (
          <Button
            variant="primary"
            data-testid="open-question"
            icon={<CircleHelp aria-hidden />}
            onClick={() => setAsking(true)}
          >
            {t('watch.ask')}
          </Button>
        )}
      </div>
      {handOrder > 0 && <p role="status">{t('watch.handWaiting', { order: handOrder })}</p>}
      {options.viewersMayAsk && isAsking && (
        <QuestionForm session={session} code={code} onDone={() => setAsking(false)} />
      )}
      {mine.length > 0 && (
        <div>
          <h2 className="font-semibold">{t('watch.mine')}</h2>
          <ul>
            {mine.map(question => (
              <li key={question.id} data-testid="question" className="py-1.5">
                {question.text}{' '}
                {question.status !== 'open' && (
                  <Badge tone={question.status === 'answered' ? 'ok' : 'neutral'}>
                    {t(`questions.${question.status}`)}
                  </Badge>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}

function QuestionForm({
  session,
  code,
  onDone,
}: {
  session: MeetingSession
  code: string
  onDone: () => void
}) {
  const t = useTranslations('room')
  const toast = useToast()
  const [name, setName] = useState(() => loadSettings().name)
  const [text, setText] = useState(() => loadDraft(code, 'question'))
  const [isSending, setSending] = useState(false)

  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (isSending || text.trim() === '') return
    setSending(true)
    saveSettings({ ...loadSettings(), name: name.trim() })
    const result = await session.floor.send({
      type: 'question_ask',
      text: text.trim(),
      ...(name.trim() ? { name: name.trim() } : {}),
    })
    setSending(false)
    if (!result.ok) {
      // What was typed stays where it is.
      if (result.code !== 'closed') toast({ tone: 'warn', text: t('fault.other') })
      return
    }
    saveDraft(code, 'question', '')
    toast({ tone: 'ok', text: t('watch.askSent') })
    onDone()
  }
  return (
    <form onSubmit={event => void send(event)} className="flex flex-col gap-4">
      <Field label={t('watch.askName')} optional>
        <Input
          data-testid="name-input"
          autoComplete="name"
          maxLength={120}
          value={name}
          onChange={event => setName(event.target.value)}
        />
      </Field>
      <Field label={t('watch.askText')}>
        <Textarea
          data-testid="question-input"
          maxLength={2000}
          rows={3}
          value={text}
          onChange={event => {
            setText(event.target.value)
            saveDraft(code, 'question', event.target.value)
          }}
        />
      </Field>
      <Button type="submit" variant="primary" pending={isSending} data-testid="question-send">
        {isSending ? t('watch.askWaiting') : t('watch.askSend')}
      </Button>
    </form>
  )
}
