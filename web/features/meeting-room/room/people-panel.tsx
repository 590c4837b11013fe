'use client'
import { formatEndpointName, isViewerIdentity } from '@diemcau/core/contracts/participant.ts'
import { matches } from '@diemcau/core/text/fold.ts'
import { Hand, Mic, MicOff, MonitorUp, VideoOff, WifiLow } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useDeferredValue, useMemo, useState } from 'react'
import type { ParticipantView } from '../../../live/participant-view.ts'
import { Avatar } from '../../../ui/avatar.tsx'
import { Button } from '../../../ui/button.tsx'
import { SearchInput } from '../../../ui/input.tsx'
import { LobbyList } from './lobby-list.tsx'
import { useCommand, useFloor, useMedia, useSelf } from './meeting-context.tsx'
import { PersonMenu } from './person-menu.tsx'
import { usePin } from './pin-context.tsx'

/** Who waits, who asks to speak, who is here; found by typing with or without accents. */
export function PeoplePanel() {
  const t = useTranslations('room.people')
  const media = useMedia()
  const { hands, speakers } = useFloor()
  const self = useSelf()
  const [query, setQuery] = useState('')
  const deferred = useDeferredValue(query)
  // Voters who have the floor stand above, not among those who attend.
  const participants = useMemo(
    () => media.participants.filter(participant => participant.role !== 'viewer'),
    [media.participants],
  )
  const found = useMemo(
    () => participants.filter(participant => matches(participant.name, deferred)),
    [participants, deferred],
  )
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="p-3">
        <SearchInput value={query} onValue={setQuery} label={t('search')} data-testid="people-search" />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-3 pb-3">
        {self.isModerator && <LobbyList />}
        {speakers.length > 0 && <Speakers />}
        {hands.length > 0 && <Hands />}
        <h2 className="mt-2 mb-1 font-semibold">
          {t('present', { count: participants.filter(p => p.attends).length })}
        </h2>
        <ul data-testid="people-list">
          {found.map(participant => (
            <Person
              key={participant.identity}
              participant={participant}
              handOrder={hands.findIndex(hand => hand.identity === participant.identity) + 1}
            />
          ))}
        </ul>
        {found.length === 0 && <p className="py-4 text-muted">{t('nobody', { query })}</p>}
      </div>
    </div>
  )
}

function Person({ participant, handOrder }: { participant: ParticipantView; handOrder: number }) {
  const t = useTranslations('room')
  const { pinned } = usePin()
  const { identity, name, role, isLocal } = participant
  return (
    <li
      data-testid="person"
      data-identity={identity}
      data-muted={participant.microphone !== 'on'}
      className="flex min-h-14 items-center gap-3 border-b border-line py-1.5"
    >
      <Avatar name={name} size="sm" />
      <div className="min-w-0 flex-1">
        <p className="leading-snug font-medium">
          <bdi>{name}</bdi>
          {isLocal && ` (${t('tile.you')})`}
        </p>
        {role !== 'delegate' && <p className="text-sm text-muted">{t(`role.${role}`)}</p>}
      </div>
      <div className="flex shrink-0 items-center gap-1.5 [&_svg]:size-4.5">
        {handOrder > 0 && <Hand aria-label={t('tile.hand', { order: handOrder })} className="text-warn" />}
        {participant.quality !== 'good' && (
          <WifiLow aria-label={t(`tile.${participant.quality}`)} className="text-warn" />
        )}
        {participant.screenTrackId && <MonitorUp aria-label={t('people.sharing')} />}
        {participant.camera !== 'on' && (
          <VideoOff aria-label={t('people.cameraOff')} className="text-muted" />
        )}
        {participant.microphone === 'on' ? (
          <Mic aria-label={t('people.micOn')} />
        ) : (
          <MicOff aria-label={t('tile.micOff')} className="text-danger" />
        )}
      </div>
      <PersonMenu participant={participant} isPinned={pinned === identity} place="list" />
    </li>
  )
}

/** Voters who were given the floor; whoever runs the meeting takes it back when they have spoken. */
function Speakers() {
  const t = useTranslations('room.people')
  const { speakers } = useFloor()
  const self = useSelf()
  const command = useCommand()
  return (
    <section aria-label={t('speakers')} className="mb-3 rounded-md bg-accent-soft px-3 py-2">
      <h2 className="font-semibold">{t('speakersCount', { count: speakers.length })}</h2>
      <ul>
        {speakers.map(({ identity, name, unit }) => (
          <li
            key={identity}
            data-testid="floor-speaker"
            data-identity={identity}
            className="flex min-h-11 flex-wrap items-center gap-x-2 py-1"
          >
            <bdi className="min-w-0 flex-1 basis-40 leading-snug">{formatEndpointName(name, unit)}</bdi>
            {self.isModerator && (
              <Button
                size="sm"
                data-testid="take-floor"
                onClick={() => void command({ type: 'take_floor', identity })}
              >
                {t('takeFloor')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Raised hands, longest first; moderators let them speak, and lower them afterwards. */
function Hands() {
  const t = useTranslations('room.people')
  const { hands } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const { participants } = useMedia()
  const nameOf = (identity: string, name: string) =>
    participants.find(participant => participant.identity === identity)?.name ?? name
  return (
    <section aria-label={t('hands')} className="mb-3 rounded-md bg-warn-soft px-3 py-2">
      <h2 className="font-semibold">{t('handsCount', { count: hands.length })}</h2>
      <ol data-testid="hands">
        {hands.map((hand, index) => (
          <li
            key={hand.identity}
            data-testid="hand"
            data-identity={hand.identity}
            className="flex min-h-11 flex-wrap items-center gap-x-2 py-1"
          >
            <span className="tabular w-6 shrink-0 font-semibold">{index + 1}.</span>
            <bdi className="min-w-0 flex-1 basis-40 leading-snug">
              {nameOf(hand.identity, formatEndpointName(hand.name, hand.unit))}
            </bdi>
            {self.isModerator && (
              <div className="ml-auto flex shrink-0 gap-1">
                {isViewerIdentity(hand.identity) ? (
                  <Button
                    size="sm"
                    data-testid="give-floor"
                    onClick={() => void command({ type: 'give_floor', identity: hand.identity })}
                  >
                    {t('giveFloor')}
                  </Button>
                ) : (
                  hand.identity !== self.identity && (
                    <Button
                      size="sm"
                      onClick={() => void command({ type: 'ask_unmute', identity: hand.identity })}
                    >
                      {t('askUnmute')}
                    </Button>
                  )
                )}
                <Button
                  size="sm"
                  variant="quiet"
                  data-testid="lower-hand"
                  onClick={() => void command({ type: 'hand_lower', identity: hand.identity })}
                >
                  {t('lower')}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}
