'use client'
import {
  EllipsisVertical,
  Hand,
  Mic,
  MicOff,
  MonitorX,
  Pin,
  PinOff,
  Star,
  StarOff,
  UserX,
  VideoOff,
} from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { ParticipantView } from '../../../live/participant-view.ts'
import { cx } from '../../../ui/lib/cx.ts'
import { Menu, MenuItem, MenuSeparator } from '../../../ui/menu.tsx'
import { useCommand, useFloor, useMeeting, useSelf } from './meeting-context.tsx'
import { usePin } from './pin-context.tsx'

/**
 * What may be done about one participant: everyone may keep a picture large for themselves, moderators have the rest.
 * Nobody's microphone is opened from here: they are asked.
 */
export function PersonMenu({
  participant,
  isPinned,
  place,
}: {
  participant: ParticipantView
  isPinned: boolean
  place: 'tile' | 'list'
}) {
  const t = useTranslations('room.person')
  const { confirm } = useMeeting()
  const { spotlight, hands } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const { setPinned } = usePin()
  const { identity, name } = participant
  const isSpotlit = spotlight === identity
  const hasHand = hands.some(hand => hand.identity === identity)

  const remove = () =>
    confirm({
      title: t('removeTitle', { name }),
      description: t('removeText'),
      confirmLabel: t('remove'),
      choices: [
        { key: 'lock', label: t('removeLock'), help: t('removeLockHelp') },
        { key: 'newPasscode', label: t('removeNewCode'), help: t('removeNewCodeHelp') },
      ],
      run: chosen =>
        void command({
          type: 'remove',
          identity,
          lock: chosen.has('lock'),
          newPasscode: chosen.has('newPasscode'),
        }),
    })

  return (
    <Menu
      trigger={
        <button
          type="button"
          data-testid={place === 'list' ? 'person-menu' : 'tile-menu'}
          aria-label={t('menu', { name })}
          className={cx(
            'flex size-11 items-center justify-center rounded-md',
            place === 'tile'
              ? 'absolute top-1 right-1 bg-[#0b1016e0] text-white opacity-0 group-focus-within:opacity-100 [@media(hover:none)]:opacity-100 group-hover:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100'
              : 'text-text hover:bg-sunken',
          )}
        >
          <EllipsisVertical aria-hidden className="size-5" />
        </button>
      }
    >
      <MenuItem
        icon={isPinned ? <PinOff aria-hidden /> : <Pin aria-hidden />}
        onSelect={() => setPinned(isPinned ? null : identity)}
      >
        <span data-testid="action-pin">{isPinned ? t('unpin') : t('pin')}</span>
      </MenuItem>
      {self.isModerator && (
        <>
          <MenuItem
            icon={isSpotlit ? <StarOff aria-hidden /> : <Star aria-hidden />}
            onSelect={() => void command({ type: 'spotlight', identity: isSpotlit ? null : identity })}
          >
            <span data-testid="action-spotlight">{isSpotlit ? t('unspotlight') : t('spotlight')}</span>
          </MenuItem>
          {hasHand && (
            <MenuItem
              icon={<Hand aria-hidden />}
              onSelect={() => void command({ type: 'hand_lower', identity })}
            >
              <span data-testid="action-lower-hand">{t('lowerHand')}</span>
            </MenuItem>
          )}
          {!participant.isLocal && (
            <>
              <MenuSeparator />
              {participant.microphone === 'on' ? (
                <MenuItem
                  icon={<MicOff aria-hidden />}
                  onSelect={() => void command({ type: 'mute', identity, source: 'microphone' })}
                >
                  <span data-testid="action-mute">{t('mute')}</span>
                </MenuItem>
              ) : (
                <MenuItem
                  icon={<Mic aria-hidden />}
                  onSelect={() => void command({ type: 'ask_unmute', identity })}
                >
                  <span data-testid="action-ask-unmute">{t('askUnmute')}</span>
                </MenuItem>
              )}
              {participant.camera === 'on' && (
                <MenuItem
                  icon={<VideoOff aria-hidden />}
                  onSelect={() => void command({ type: 'mute', identity, source: 'camera' })}
                >
                  <span data-testid="action-stop-camera">{t('stopCamera')}</span>
                </MenuItem>
              )}
              {participant.screenTrackId && (
                <MenuItem
                  icon={<MonitorX aria-hidden />}
                  onSelect={() => void command({ type: 'mute', identity, source: 'screen_share' })}
                >
                  <span data-testid="action-stop-screen">{t('stopScreen')}</span>
                </MenuItem>
              )}
              <MenuSeparator />
              <MenuItem danger icon={<UserX aria-hidden />} onSelect={remove}>
                <span data-testid="action-remove">{t('remove')}</span>
              </MenuItem>
            </>
          )}
        </>
      )}
    </Menu>
  )
}
