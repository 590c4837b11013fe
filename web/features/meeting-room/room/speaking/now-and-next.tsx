'use client'
import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import { nextTurn } from '@diemcau/core/floor/speaking-list.ts'
import { Mic, Plus, Square, Undo2 } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { SpeechClock } from '../../../../live/speech-clock.tsx'
import { Button } from '../../../../ui/button.tsx'
import { useCommand, useFloor, useSelf } from '../meeting-context.tsx'

/** Minutes that one press adds. */
const MORE_MINUTES = [1, 3]

/** Who speaks, with the clock and its buttons; who is next, with the one large button that calls. */
export function NowAndNext() {
  const t = useTranslations('room.speaking')
  const { speaking, clockOffsetMs } = useFloor()
  const { isModerator } = useSelf()
  const command = useCommand()
  const { now, next: told, undoableId } = speaking.floor
  const next = nextTurn({ nextId: told?.turnId ?? null, turns: speaking.turns })
  return (
    <section aria-label={t('now')} className="rounded-md border border-line-strong p-3">
      <h2 className="text-sm text-muted">{t('now')}</h2>
      {now.length === 0 && <p>{t('nobodyNow')}</p>}
      <ul>
        {now.map(speech => (
          <li key={speech.turnId} data-testid="panel-now" data-identity={speech.identity} className="py-1">
            <p className="text-lg leading-snug font-semibold">
              <bdi>{formatEndpointName(speech.name, speech.unit)}</bdi>
            </p>
            {speech.topic && (
              <p className="text-muted">
                <bdi>{speech.topic}</bdi>
              </p>
            )}
            <div className="mt-1 flex flex-wrap items-center gap-2">
              <span className="rounded-md bg-[#1d2a37]">
                <SpeechClock {...speech} clockOffsetMs={clockOffsetMs} isLarge />
              </span>
              {isModerator && (
                <Button
                  className="px-3"
                  data-testid="speech-end"
                  icon={<Square aria-hidden />}
                  onClick={() => void command({ type: 'speaking_end', turnId: speech.turnId })}
                >
                  {t('end')}
                </Button>
              )}
              {isModerator &&
                MORE_MINUTES.map(minutes => (
                  <Button
                    key={minutes}
                    className="px-2.5"
                    aria-label={t('extend', { minutes })}
                    data-testid={`speech-extend-${minutes}`}
                    icon={<Plus aria-hidden />}
                    onClick={() =>
                      void command({ type: 'speaking_extend', turnId: speech.turnId, seconds: minutes * 60 })
                    }
                  >
                    {t('extendShort', { minutes })}
                  </Button>
                ))}
            </div>
          </li>
        ))}
      </ul>
      {isModerator && undoableId && (
        <Button
          variant="quiet"
          data-testid="undo-call"
          icon={<Undo2 aria-hidden />}
          onClick={() => void command({ type: 'speaking_undo', turnId: undoableId })}
        >
          {t('undo')}
        </Button>
      )}
      <h2 className="mt-2 text-sm text-muted">{t('next')}</h2>
      {next ? (
        <p data-testid="panel-next" data-turn={next.id} className="font-semibold">
          <bdi>{formatEndpointName(next.name, next.unit)}</bdi>
        </p>
      ) : (
        <p>{t('nobodyNext')}</p>
      )}
      {isModerator && next && (
        <Button
          block
          variant="primary"
          size="lg"
          className="mt-2"
          data-testid="call-next"
          icon={<Mic aria-hidden />}
          onClick={() =>
            void command({
              type: 'speaking_call',
              turnId: next.id,
              speaking: now.map(({ turnId }) => turnId),
            })
          }
        >
          {t('callNext', { name: next.name })}
        </Button>
      )}
    </section>
  )
}
