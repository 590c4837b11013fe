'use client'
import { AudioLines, Hand, MicOff, MonitorUp, Pin, VideoOff, WifiLow } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { memo, type ReactNode } from 'react'
import type { ParticipantView } from '../../../live/participant-view.ts'
import type { StageSource } from '../../../live/stage-plan.ts'
import { VideoView } from '../../../live/video-view.tsx'
import { Avatar } from '../../../ui/avatar.tsx'
import { cx } from '../../../ui/lib/cx.ts'
import { useMeeting } from './meeting-context.tsx'
import { OwnHint } from './own-hint.tsx'
import { PersonMenu } from './person-menu.tsx'

export interface TileProps {
  participant: ParticipantView
  source?: StageSource
  /** 1 for the first raised hand, 0 for none. */
  handOrder: number
  isSpotlit: boolean
  isPinned: boolean
  /** Small tiles (the strip) leave out what does not fit. */
  isSmall?: boolean
  /** One of many in a grid: its label is one line, with the place first. */
  isDense?: boolean
  /** Stands large on the stage: nothing of the picture is cut off. */
  isMain?: boolean
}

/** One participant's picture with name, microphone, hand, and who speaks by a frame and a sign. */
export const Tile = memo(function Tile(props: TileProps) {
  const {
    participant,
    source = 'camera',
    handOrder,
    isSpotlit,
    isPinned,
    isSmall = false,
    isDense = false,
    isMain = false,
  } = props
  const { session } = useMeeting()
  const t = useTranslations('room.tile')
  const isScreen = source === 'screen_share'
  const picture = isScreen ? participant.screenPicture : participant.cameraPicture
  const isPaused = picture > 0 && (isScreen ? participant.isScreenPaused : participant.isCameraPaused)
  const isSpeaking = participant.isSpeaking && !isScreen
  const isMuted = participant.microphone !== 'on'
  const name = isScreen ? t('screenOf', { name: participant.name }) : participant.name
  const isShort = isSmall || isDense
  const label = isShort && !isScreen ? participant.shortName : name

  return (
    <article
      aria-label={name}
      data-testid={isScreen ? 'screen-tile' : 'tile'}
      data-identity={participant.identity}
      data-speaking={isSpeaking}
      data-muted={isMuted}
      data-camera={participant.camera}
      data-paused={isPaused}
      className={cx(
        'group relative flex size-full items-center justify-center overflow-hidden rounded-lg bg-[#1b232c]',
        isScreen && 'bg-black',
      )}
    >
      {picture > 0 ? (
        <VideoView
          room={session.media.room}
          identity={participant.identity}
          source={source}
          picture={picture}
          isMirrored={participant.isLocal && !isScreen}
          className={cx(
            'size-full',
            isMain || isScreen ? 'object-contain' : 'object-cover',
            isPaused && 'opacity-45',
          )}
        />
      ) : (
        <NoPicture
          participant={participant}
          isSmall={isSmall}
          isWaiting={isScreen || participant.camera === 'on'}
        />
      )}
      <div
        aria-hidden
        className={cx(
          'pointer-events-none absolute inset-0 rounded-lg border border-white/10',
          isSpeaking && 'border-[4px] border-[#ffd24d]',
        )}
      />
      <div className="absolute top-2 left-2 flex max-w-[calc(100%-4rem)] flex-wrap gap-1.5">
        {handOrder > 0 && !isScreen && (
          <Sign testId="tile-hand" icon={<Hand aria-hidden />} label={t('hand', { order: handOrder })} strong>
            {handOrder}
          </Sign>
        )}
        {isSpotlit && !isSmall && !isScreen && (
          <Sign icon={<MonitorUp aria-hidden />} label={t('spotlit')}>
            {t('spotlit')}
          </Sign>
        )}
        {isPinned && !isSmall && !isScreen && <Sign icon={<Pin aria-hidden />} label={t('pinned')} />}
        {isPaused && (
          <Sign testId="tile-paused" icon={<VideoOff aria-hidden />} label={t('paused')} warn>
            {isSmall ? null : t('paused')}
          </Sign>
        )}
        {participant.quality !== 'good' && !isScreen && (
          <Sign testId="tile-quality" icon={<WifiLow aria-hidden />} label={t(participant.quality)} warn>
            {isSmall ? null : t(participant.quality)}
          </Sign>
        )}
      </div>
      {!isScreen && <PersonMenu participant={participant} isPinned={isPinned} place="tile" />}
      <div
        className={cx(
          'absolute flex flex-col items-start gap-1',
          isShort ? 'bottom-1 left-1 max-w-[calc(100%-0.5rem)]' : 'bottom-2 left-2 max-w-[calc(100%-1rem)]',
        )}
      >
        {participant.isLocal && !isScreen && !isSmall && <OwnHint microphone={participant.microphone} />}
        <p
          title={isShort ? name : undefined}
          data-testid="tile-label"
          className={cx(
            'flex max-w-full items-center gap-1.5 rounded-md bg-[#0b1016e0] font-medium text-white',
            isShort ? 'px-1.5 py-0.5 text-sm leading-tight' : 'px-2 py-1 text-base leading-snug',
          )}
        >
          {isScreen ? (
            <MonitorUp aria-hidden className="size-4 shrink-0" />
          ) : isMuted ? (
            <MicOff aria-label={t('micOff')} className="size-4 shrink-0 text-[#ff9ea3]" />
          ) : isSpeaking ? (
            <AudioLines aria-label={t('speaking')} className="size-4 shrink-0 text-[#ffd24d]" />
          ) : null}
          <span className={isShort ? 'truncate' : 'line-clamp-2'}>
            {label}
            {participant.isLocal && !isScreen && ` (${t('you')})`}
          </span>
        </p>
      </div>
    </article>
  )
})

function NoPicture({
  participant,
  isSmall,
  isWaiting,
}: {
  participant: ParticipantView
  isSmall: boolean
  isWaiting: boolean
}) {
  const t = useTranslations('room.tile')
  return (
    <div className="flex flex-col items-center gap-2 p-2 pb-9">
      <Avatar name={participant.name} size={isSmall ? 'md' : 'xl'} />
      {isWaiting && !isSmall && <p className="text-sm text-[#dbe3ea]">{t('pictureComing')}</p>}
    </div>
  )
}

function Sign({
  icon,
  label,
  children,
  strong = false,
  warn = false,
  testId,
}: {
  icon: ReactNode
  label: string
  children?: ReactNode
  strong?: boolean
  warn?: boolean
  testId?: string
}) {
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      data-testid={testId}
      className={cx(
        'tabular inline-flex items-center gap-1 rounded-md px-1.5 py-0.5 text-sm font-semibold [&_svg]:size-4',
        strong
          ? 'bg-[#ffd24d] text-[#2b2000]'
          : warn
            ? 'bg-[#3d2e10] text-[#ffd98a]'
            : 'bg-[#0b1016e0] text-white',
      )}
    >
      {icon}
      {children}
    </span>
  )
}
