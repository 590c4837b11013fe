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
  const [form, setForm] = useState<'hand' | 'question' | null>(null)
  const { options, hands, questions } = floor
  const isHandUp = hands.some(hand => hand.identity === identity)
  const mine = questions.filter(question => question.identity === identity)

  const hasFloor = floor.speakers.some(speaker => speaker.identity === identity)

  const lowerHand = async () => {
    const result = await session.floor.send({ type: 'hand_lower' })
    if (!result.ok && result.code !== 'closed') toast({ tone: 'warn', text: t('fault.other') })
  }

  if (!options.viewersMayRaiseHand && !options.viewersMayAsk && mine.length === 0) return null
  return (
    <section className="flex flex-col gap-3 border-y border-line py-4">
      <div className="flex flex-wrap gap-2">
        {isHandUp ? (
          <Button data-testid="toggle-hand" icon={<Hand aria-hidden />} onClick={() => void lowerHand()}>
            {t('watch.handLower')}
          </Button>
        ) : (
          options.viewersMayRaiseHand &&
          !hasFloor &&
          form !== 'hand' && (
            <Button data-testid="toggle-hand" icon={<Hand aria-hidden />} onClick={() => setForm('hand')}>
              {t('watch.hand')}
            </Button>
          )
        )}
        {options.viewersMayAsk && form !== 'question' && (
          <Button
            variant="primary"
            data-testid="open-question"
            icon={<CircleHelp aria-hidden />}
            onClick={() => setForm('question')}
          >
            {t('watch.ask')}
          </Button>
        )}
      </div>
      {isHandUp && <p role="status">{t('watch.handWaiting')}</p>}
      {options.viewersMayRaiseHand && form === 'hand' && !isHandUp && (
        <HandForm session={session} onDone={() => setForm(null)} />
      )}
      {options.viewersMayAsk && form === 'question' && (
        <QuestionForm session={session} code={code} onDone={() => setForm(null)} />
      )}
      {mine.length > 0 && (
        <div>
          <h2 className="font-semibold">{t('watch.mine')}</h2>
          <ul>
            {mine.map(question => (
              <li key={question.id} data-testid="question" className="py-1.5">
                <bdi>{question.text}</bdi>{' '}
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

/** Who asks to speak: the chair calls people by name. */
function HandForm({ session, onDone }: { session: MeetingSession; onDone: () => void }) {
  const t = useTranslations('room')
  const toast = useToast()
  const [name, setName] = useState(() => loadSettings().name)
  const [unit, setUnit] = useState(() => loadSettings().unit)
  const [topic, setTopic] = useState('')
  const [isMissing, setMissing] = useState(false)
  const [isSending, setSending] = useState(false)

  const send = async (event: FormEvent) => {
    event.preventDefault()
    const who = { name: name.trim(), unit: unit.trim() }
    setMissing(who.name === '')
    if (isSending || who.name === '') return
    setSending(true)
    saveSettings({ ...loadSettings(), ...who })
    const result = await session.floor.send({ type: 'hand_raise', ...who, topic: topic.trim() })
    setSending(false)
    if (result.ok) onDone()
    else if (result.code !== 'closed') toast({ tone: 'warn', text: t('fault.other') })
  }
  return (
    <form onSubmit={event => void send(event)} className="flex flex-col gap-4" noValidate>
      <p className="text-muted">{t('watch.handHelp')}</p>
      <Field label={t('watch.handName')} error={isMissing ? t('check.nameMissing') : null}>
        <Input
          data-testid="hand-name"
          autoComplete="name"
          maxLength={120}
          value={name}
          onChange={event => setName(event.target.value)}
        />
      </Field>
      <Field label={t('watch.handUnit')} optional>
        <Input
          data-testid="hand-unit"
          autoComplete="address-level3"
          maxLength={160}
          value={unit}
          onChange={event => setUnit(event.target.value)}
        />
      </Field>
      <Field label={t('watch.handTopic')} optional>
        <Input
          data-testid="hand-topic"
          maxLength={200}
          value={topic}
          onChange={event => setTopic(event.target.value)}
        />
      </Field>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" pending={isSending} data-testid="hand-send">
          {t('watch.hand')}
        </Button>
        <Button onClick={onDone}>{t('watch.cancel')}</Button>
      </div>
    </form>
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
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" pending={isSending} data-testid="question-send">
          {isSending ? t('watch.askWaiting') : t('watch.askSend')}
        </Button>
        <Button onClick={onDone}>{t('watch.cancel')}</Button>
      </div>
    </form>
  )
}
