'use client'
import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import type { SpeakingTurn } from '@diemcau/core/floor/speaking-list.ts'
import { ArrowDown, ArrowUp, Clock, GripVertical, Hourglass, Mic, RotateCcw, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type DragEvent, type KeyboardEvent, useState } from 'react'
import { Badge } from '../../../../ui/badge.tsx'
import { Button } from '../../../../ui/button.tsx'
import { IconButton } from '../../../../ui/icon-button.tsx'
import { cx } from '../../../../ui/lib/cx.ts'
import { useCommand, useFloor, useSelf } from '../meeting-context.tsx'

/** What is dragged: the id of a turn, and of nothing else. */
const DRAGGED = 'application/x-diemcau-turn'

export interface TurnRowProps {
  turn: SpeakingTurn
  /** From 1, of those who wait. */
  place?: number
  /** Who stands right before it. */
  before?: string | null
  /** Before whom it goes by one step down; null: to the end. */
  afterNext?: string | null
  isLast?: boolean
}

/** One entry. Moderators move it by the grip, by buttons and by keys; all they can do with it is in view. */
export function TurnRow({ turn, place, before = null, afterNext = null, isLast = true }: TurnRowProps) {
  const t = useTranslations('room.speaking')
  const { speaking } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const [isTarget, setTarget] = useState(false)
  const { id: turnId, status } = turn
  const name = formatEndpointName(turn.name, turn.unit)
  const isWaiting = status === 'waiting'
  const mayMove = self.isModerator && isWaiting
  const isNext = speaking.floor.next?.turnId === turnId

  const call = () =>
    void command({
      type: 'speaking_call',
      turnId,
      speaking: speaking.floor.now.map(speech => speech.turnId),
    })
  const move = (beforeId: string | null) => void command({ type: 'speaking_move', turnId, beforeId })
  const up = () => before !== null && move(before)
  const down = () => !isLast && move(afterNext)
  const ready = () => void command({ type: 'speaking_next', turnId })
  const postpone = () =>
    void command({ type: 'speaking_postpone', turnId, isPostponed: status !== 'postponed' })
  const remove = () => void command({ type: 'speaking_remove', turnId })

  const handleKey = (event: KeyboardEvent<HTMLLIElement>) => {
    // Keys of the buttons inside are theirs.
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey) return
    const acts: Record<string, () => unknown> = {
      ...(mayMove && event.altKey ? { ArrowUp: up, ArrowDown: down } : {}),
      ...(event.altKey
        ? {}
        : {
            ArrowUp: () => focusBeside(event.currentTarget, 'previousElementSibling'),
            ArrowDown: () => focusBeside(event.currentTarget, 'nextElementSibling'),
            Enter: call,
            ...(isWaiting ? { n: ready } : {}),
            o: postpone,
            Delete: remove,
          }),
    }
    const act = acts[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  const drag = mayMove
    ? {
        draggable: true,
        onDragStart: (event: DragEvent) => {
          event.dataTransfer.setData(DRAGGED, turnId)
          event.dataTransfer.effectAllowed = 'move' as const
        },
        onDragOver: (event: DragEvent) => {
          if (!event.dataTransfer.types.includes(DRAGGED)) return
          event.preventDefault()
          setTarget(true)
        },
        onDragLeave: () => setTarget(false),
        onDrop: (event: DragEvent) => {
          setTarget(false)
          event.preventDefault()
          const dragged = event.dataTransfer.getData(DRAGGED)
          if (dragged && dragged !== turnId)
            void command({ type: 'speaking_move', turnId: dragged, beforeId: turnId })
        },
      }
    : {}

  return (
    <li
      data-testid="turn"
      data-turn={turnId}
      data-status={status}
      {...(self.isModerator && status !== 'spoken'
        ? { tabIndex: 0, onKeyDown: handleKey, 'aria-describedby': 'speaking-keys' }
        : {})}
      {...drag}
      className={cx(
        'flex min-h-11 flex-wrap items-start gap-x-2 border-b border-line py-2',
        isTarget && 'border-t-4 border-t-accent',
      )}
    >
      {mayMove && <GripVertical aria-hidden className="mt-0.5 size-5 shrink-0 cursor-grab text-muted" />}
      {place !== undefined && <span className="tabular w-6 shrink-0 font-semibold">{place}.</span>}
      <div className="min-w-0 flex-1 basis-44">
        <p className="leading-snug font-medium">
          <bdi>{name}</bdi>
        </p>
        {turn.topic && (
          <p className="text-sm leading-snug">
            <bdi>{turn.topic}</bdi>
          </p>
        )}
        {status !== 'spoken' && (
          <p className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-muted">
            <span data-testid="spoken-before">
              {turn.spokenBefore > 0 ? t('spokenBefore', { count: turn.spokenBefore }) : t('notSpoken')}
            </span>
            {turn.addedBy && <span>{t('addedBy', { name: turn.addedBy })}</span>}
            {isNext && (
              <Badge tone="warn" icon={<Hourglass aria-hidden />}>
                {t('next')}
              </Badge>
            )}
          </p>
        )}
      </div>
      {self.isModerator && (
        <div className="ml-auto flex flex-wrap items-center gap-1">
          {isWaiting && (
            <>
              <IconButton
                size="sm"
                label={t('up', { name })}
                icon={<ArrowUp />}
                disabled={before === null}
                onClick={up}
              />
              <IconButton
                size="sm"
                label={t('down', { name })}
                icon={<ArrowDown />}
                disabled={isLast}
                onClick={down}
              />
            </>
          )}
          {status !== 'spoken' && (
            <>
              <IconButton
                size="sm"
                data-testid="turn-postpone"
                label={t(isWaiting ? 'postpone' : 'resume', { name })}
                icon={isWaiting ? <Clock /> : <RotateCcw />}
                onClick={postpone}
              />
              <IconButton
                size="sm"
                tone="danger"
                data-testid="turn-remove"
                label={t('remove', { name })}
                icon={<X />}
                onClick={remove}
              />
            </>
          )}
          {isWaiting && !isNext && (
            <Button
              size="sm"
              variant="quiet"
              data-testid="turn-ready"
              title={t('readyHint', { name })}
              onClick={ready}
            >
              {t('ready')}
            </Button>
          )}
          <Button
            size="sm"
            data-testid="turn-call"
            title={t('callHint', { name })}
            icon={<Mic aria-hidden />}
            onClick={call}
          >
            {t('call')}
          </Button>
        </div>
      )}
    </li>
  )
}

function focusBeside(row: HTMLElement, side: 'previousElementSibling' | 'nextElementSibling'): void {
  const other = row[side]
  if (other instanceof HTMLElement) other.focus()
}
