'use client'
import { waitingTurns } from '@diemcau/core/floor/speaking-list.ts'
import { useTranslations } from 'next-intl'
import { useFloor, useSelf } from '../meeting-context.tsx'
import { AskToSpeak } from './ask-to-speak.tsx'
import { FloorRules } from './floor-rules.tsx'
import { NowAndNext } from './now-and-next.tsx'
import { SpeakerForm } from './speaker-form.tsx'
import { TurnRow } from './turn-row.tsx'

/** The list by which the chair leads: now and next, who waits, who has spoken. Others see it and put themselves on it. */
export function SpeakingPanel() {
  const t = useTranslations('room.speaking')
  const { turns } = useFloor().speaking
  const { isModerator } = useSelf()
  const waiting = waitingTurns(turns)
  const postponed = turns.filter(turn => turn.status === 'postponed')
  const spoken = turns.filter(turn => turn.status === 'spoken')
  return (
    <div data-testid="speaking-panel" className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-3">
      <NowAndNext />
      {!isModerator && <AskToSpeak />}
      <section aria-label={t('label')}>
        <h2 className="font-semibold">{t('waiting', { count: waiting.length })}</h2>
        {waiting.length === 0 && <p className="py-2 text-muted">{t('empty')}</p>}
        {isModerator && waiting.length > 1 && (
          <p id="speaking-keys" className="text-sm text-muted max-sm:hidden">
            {t('keys')}
          </p>
        )}
        <ol data-testid="speaking-list">
          {waiting.map((turn, index) => (
            <TurnRow
              key={turn.id}
              turn={turn}
              place={index + 1}
              before={waiting[index - 1]?.id ?? null}
              afterNext={waiting[index + 2]?.id ?? null}
              isLast={index === waiting.length - 1}
            />
          ))}
        </ol>
      </section>
      {postponed.length > 0 && (
        <section aria-label={t('postponed', { count: postponed.length })}>
          <h2 className="font-semibold">{t('postponed', { count: postponed.length })}</h2>
          <ul data-testid="postponed-list">
            {postponed.map(turn => (
              <TurnRow key={turn.id} turn={turn} />
            ))}
          </ul>
        </section>
      )}
      {isModerator && <SpeakerForm />}
      {isModerator && <FloorRules />}
      {spoken.length > 0 && (
        <section aria-label={t('spoken', { count: spoken.length })}>
          <h2 className="font-semibold">{t('spoken', { count: spoken.length })}</h2>
          <ul data-testid="spoken-list">
            {spoken.map(turn => (
              <TurnRow key={turn.id} turn={turn} />
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}
