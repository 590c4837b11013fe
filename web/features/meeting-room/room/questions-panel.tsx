'use client'
import type { Question } from '@diemcau/core/contracts/floor.ts'
import { Check, CircleHelp, RotateCcw, SendHorizontal, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { EmptyState } from '../../../ui/empty-state.tsx'
import { useFormats } from '../../../ui/use-formats.ts'
import { Composer } from './composer.tsx'
import { useCommand, useFloor, useMeeting, useSelf } from './meeting-context.tsx'

/** Written questions of participants and viewers; moderators tick off what was answered. */
export function QuestionsPanel() {
  const t = useTranslations('room.questions')
  const { meeting } = useMeeting()
  const { questions } = useFloor()
  const command = useCommand()
  const [showsSettled, setShowsSettled] = useState(false)
  const open = questions.filter(question => question.status === 'open')
  const settled = questions.filter(question => question.status !== 'open')
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3">
        {open.length === 0 && (
          <EmptyState icon={<CircleHelp aria-hidden />} title={t('empty')}>
            {t('emptyText')}
          </EmptyState>
        )}
        <ul>
          {open.map(question => (
            <QuestionItem key={question.id} question={question} />
          ))}
        </ul>
        {settled.length > 0 && (
          <>
            <Button
              size="sm"
              variant="quiet"
              className="mt-3"
              aria-expanded={showsSettled}
              onClick={() => setShowsSettled(!showsSettled)}
            >
              {showsSettled ? t('hideSettled') : t('showSettled', { count: settled.length })}
            </Button>
            {showsSettled && (
              <ul>
                {settled.map(question => (
                  <QuestionItem key={question.id} question={question} />
                ))}
              </ul>
            )}
          </>
        )}
      </div>
      <Composer
        field="question"
        code={meeting.code}
        label={t('placeholder')}
        sendLabel={t('send')}
        icon={<SendHorizontal aria-hidden />}
        onSend={text => void command({ type: 'question_ask', text })}
      />
    </div>
  )
}

function QuestionItem({ question }: { question: Question }) {
  const t = useTranslations('room.questions')
  const formats = useFormats()
  const self = useSelf()
  const command = useCommand()
  const set = (status: Question['status']) =>
    void command({ type: 'question_set_status', questionId: question.id, status })
  return (
    <li data-testid="question" data-status={question.status} className="border-b border-line py-3">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <bdi className="font-semibold">{question.name || t('anonymous')}</bdi>
        <time dateTime={question.at} className="text-sm text-muted">
          {formats.time(question.at)}
        </time>
        {question.status !== 'open' && (
          <Badge tone={question.status === 'answered' ? 'ok' : 'neutral'}>{t(question.status)}</Badge>
        )}
      </p>
      <p className="mt-0.5 [overflow-wrap:anywhere] whitespace-pre-wrap">{question.text}</p>
      {self.isModerator && (
        <div className="mt-2 flex flex-wrap gap-2">
          {question.status === 'open' ? (
            <>
              <Button
                size="sm"
                data-testid="question-answered"
                icon={<Check aria-hidden />}
                onClick={() => set('answered')}
              >
                {t('markAnswered')}
              </Button>
              <Button size="sm" variant="plain" icon={<X aria-hidden />} onClick={() => set('dismissed')}>
                {t('dismiss')}
              </Button>
            </>
          ) : (
            <Button size="sm" variant="plain" icon={<RotateCcw aria-hidden />} onClick={() => set('open')}>
              {t('reopen')}
            </Button>
          )}
        </div>
      )}
    </li>
  )
}
