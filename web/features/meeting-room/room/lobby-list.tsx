'use client'
import type { LobbyRequest } from '@diemcau/core/contracts/floor.ts'
import { UserX } from 'lucide-react'
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
  // Claims, and who may be somebody put out, are looked at one by one.
  const plain = lobby.filter(request => !request.claim && !request.resembles).length
  return (
    <section aria-label={t('waitingList')} className="mb-3 rounded-md bg-accent-soft px-3 py-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="font-semibold">{t('waitingCount', { count: lobby.length })}</h2>
        {plain > 1 && (
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
            <p className="leading-snug font-medium">
              <bdi>{request.name}</bdi>
            </p>
            <p className="text-sm text-muted">
              {request.unit && (
                <>
                  <bdi>{request.unit}</bdi> ·{' '}
                </>
              )}
              {t('since', { time: formats.time(request.at) })}
            </p>
            <Notes request={request} />
            <div className="mt-1.5 flex flex-wrap gap-2">
              {request.claim && (
                <Button
                  size="sm"
                  variant="primary"
                  data-testid="lobby-confirm-claim"
                  onClick={() =>
                    void command({ type: 'lobby_admit', requestId: request.id, confirmClaim: true })
                  }
                >
                  {t('confirmClaim')}
                </Button>
              )}
              <Button
                size="sm"
                variant={request.claim || request.resembles ? 'secondary' : 'primary'}
                data-testid="lobby-admit"
                onClick={() => void command({ type: 'lobby_admit', requestId: request.id })}
              >
                {t(request.claim ? 'admitAsGuest' : 'admit')}
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

/** What a moderator should know before letting somebody in. */
function Notes({ request: { claim, invited, resembles } }: { request: LobbyRequest }) {
  const t = useTranslations('room.lobby')
  return (
    <>
      {claim && (
        <p className="text-sm font-medium" data-testid="lobby-claim">
          {t('claims', { hall: [claim.hall, claim.unit].filter(Boolean).join(' – ') })}
        </p>
      )}
      {claim?.seatedBy && <p className="text-sm text-warn">{t('seated', { name: claim.seatedBy })}</p>}
      {invited && <p className="text-sm">{t('invited')}</p>}
      {resembles && (
        <p className="flex items-start gap-1.5 text-sm text-warn" data-testid="lobby-resembles">
          <UserX aria-hidden className="mt-0.5 size-4 shrink-0" />
          {t('resembles', { name: resembles })}
        </p>
      )}
    </>
  )
}
