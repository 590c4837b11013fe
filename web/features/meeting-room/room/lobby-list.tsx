'use client'
import { useTranslations } from 'next-intl'
import { Button } from '../../../ui/button.tsx'
import { useFormats } from '../../../ui/use-formats.ts'
import { useCommand, useFloor } from './meeting-context.tsx'

/** Who waits at the door, for moderators. */
export function LobbyList() {
  const t = useTranslations('room.lobby')
  const formats = useFormats()
  const { lobby } = useFloor()
  const command = useCommand()
  if (lobby.length === 0) return null
  return (
    <section aria-label={t('waitingList')} className="mb-3 rounded-md bg-accent-soft px-3 py-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="font-semibold">{t('waitingCount', { count: lobby.length })}</h2>
        {lobby.length > 1 && (
          <Button
            size="sm"
            data-testid="lobby-admit-all"
            onClick={() => void command({ type: 'lobby_admit_all' })}
          >
            {t('admitAll')}
          </Button>
        )}
      </div>
      <ul>
        {lobby.map(request => (
          <li
            key={request.id}
            data-testid="lobby-request"
            data-identity={request.identity}
            className="border-t border-line py-2 first:border-t-0"
          >
            <p className="leading-snug font-medium">{request.name}</p>
            <p className="text-sm text-muted">
              {request.unit && `${request.unit} · `}
              {t('since', { time: formats.time(request.at) })}
            </p>
            <div className="mt-1.5 flex gap-2">
              <Button
                size="sm"
                variant="primary"
                data-testid="lobby-admit"
                onClick={() => void command({ type: 'lobby_admit', requestId: request.id })}
              >
                {t('admit')}
              </Button>
              <Button
                size="sm"
                data-testid="lobby-deny"
                onClick={() => void command({ type: 'lobby_deny', requestId: request.id })}
              >
                {t('deny')}
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
