'use client'
import { useEffect, useMemo, useRef, useState } from 'react'
import { chooseGrid, gridsFor, pageOf, tileSize } from '../../../live/gallery-layout.ts'
import type { ParticipantView } from '../../../live/participant-view.ts'
import { cx } from '../../../ui/lib/cx.ts'
import { Pager } from './pager.tsx'
import { Tile } from './tile.tsx'
import type { TileFacts } from './tile-facts.ts'
import { useSeats } from './use-seats.ts'

const GAP = 8
/** Grids of this many seats or more have labels of one line. */
const DENSE_FROM = 9
/** Height (CSS pixels) the pager takes when there is more than one page. */
const PAGER_HEIGHT = 52

/** Everyone in equal tiles by protocol; nothing moves when somebody joins, the rest is on further pages. */
export function Gallery({
  participants,
  size,
  facts,
  onShown,
}: {
  participants: readonly ParticipantView[]
  size: { width: number; height: number }
  facts: TileFacts
  onShown: (identities: readonly string[]) => void
}) {
  const [page, setPage] = useState(0)
  const grids = useMemo(() => gridsFor(size.width, size.height), [size.width, size.height])
  const grid = chooseGrid(participants.length, grids)
  const perPage = grid.columns * grid.rows
  const ordered = useMemo(() => participants.map(participant => participant.identity), [participants])
  const seats = useSeats(ordered, `${grid.columns}x${grid.rows}/${page}`)
  const shown = pageOf(seats, page, perPage)
  const byIdentity = new Map(participants.map(participant => [participant.identity, participant]))
  const height = size.height - (shown.pages > 1 ? PAGER_HEIGHT : 0)
  const tile = tileSize(grid, size.width, height, GAP)
  const left = (size.width - grid.columns * tile.width - (grid.columns - 1) * GAP) / 2
  const top = (height - grid.rows * tile.height - (grid.rows - 1) * GAP) / 2

  // Tiles glide to another place, but follow at once when the stage itself changes its size.
  const composition = `${size.width}x${size.height}/${grid.columns}x${grid.rows}`
  const formerComposition = useRef(composition)
  const isSteady = formerComposition.current === composition
  useEffect(() => {
    formerComposition.current = composition
  }, [composition])

  const shownKey = shown.seats.join('\n')
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the seats on this page.
  useEffect(() => {
    onShown(shown.seats.filter(identity => identity !== null))
  }, [shownKey, onShown])

  return (
    <div className="relative size-full" data-testid="gallery" data-grid={`${grid.columns}x${grid.rows}`}>
      {shown.seats.map((identity, index) => {
        const participant = identity === null ? undefined : byIdentity.get(identity)
        const x = left + (index % grid.columns) * (tile.width + GAP)
        const y = top + Math.floor(index / grid.columns) * (tile.height + GAP)
        return (
          <div
            key={identity ?? `seat-${index}`}
            className={cx(
              'absolute top-0 left-0',
              participant && isSteady && 'transition-transform duration-150 ease-out',
            )}
            style={{ width: tile.width, height: tile.height, transform: `translate(${x}px, ${y}px)` }}
          >
            {participant ? (
              <Tile
                participant={participant}
                handOrder={facts.handOrderOf(participant.identity)}
                isSpotlit={facts.spotlight === participant.identity}
                isPinned={facts.pinned === participant.identity}
                isSmall={tile.width < 240}
                isDense={perPage >= DENSE_FROM}
              />
            ) : (
              <div aria-hidden className="size-full rounded-lg border border-dashed border-white/12" />
            )}
          </div>
        )
      })}
      {shown.pages > 1 && (
        <div className="absolute inset-x-0 bottom-0 flex justify-center">
          <Pager page={shown.page} pages={shown.pages} onPage={setPage} />
        </div>
      )}
    </div>
  )
}
