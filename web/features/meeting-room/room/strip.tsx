'use client'
import { useEffect, useState } from 'react'
import { pageOf } from '../../../live/gallery-layout.ts'
import type { ParticipantView } from '../../../live/participant-view.ts'
import { Pager } from './pager.tsx'
import { Tile } from './tile.tsx'
import type { TileFacts } from './tile-facts.ts'

const GAP = 8
const PAGER = 52
const COLUMN_TILE = { width: 216, height: 122 }
const ROW_TILE = { width: 148, height: 96 }

/** The others beside the large picture: a column on wide screens, a row on upright ones; in pages, without scrolling. */
export function Strip({
  participants,
  isRow,
  length,
  facts,
  onShown,
}: {
  participants: readonly ParticipantView[]
  isRow: boolean
  /** Room along the strip, CSS pixels. */
  length: number
  facts: TileFacts
  onShown: (identities: readonly string[]) => void
}) {
  const [page, setPage] = useState(0)
  const tile = isRow ? ROW_TILE : COLUMN_TILE
  const step = (isRow ? tile.width : tile.height) + GAP
  const fitsAll = Math.floor((length + GAP) / step) >= participants.length
  const perPage = Math.max(1, Math.floor((length + GAP - (fitsAll ? 0 : PAGER)) / step))
  const identities = participants.map(participant => participant.identity)
  const shown = pageOf(identities, page, perPage)
  const onPage = participants.slice(shown.page * perPage, (shown.page + 1) * perPage)

  const shownKey = onPage.map(participant => participant.identity).join('\n')
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the participants on this page.
  useEffect(() => {
    onShown(onPage.map(participant => participant.identity))
  }, [shownKey, onShown])

  if (participants.length === 0) return null
  return (
    <div
      data-testid="strip"
      className={isRow ? 'flex shrink-0 flex-col items-center gap-1' : 'flex shrink-0 flex-col gap-2'}
      style={isRow ? undefined : { width: tile.width }}
    >
      <div className={isRow ? 'flex justify-center gap-2' : 'flex flex-1 flex-col gap-2'}>
        {onPage.map(participant => (
          <div key={participant.identity} style={{ width: tile.width, height: tile.height }}>
            <Tile
              participant={participant}
              handOrder={facts.handOrderOf(participant.identity)}
              isSpotlit={facts.spotlight === participant.identity}
              isPinned={facts.pinned === participant.identity}
              isSmall
            />
          </div>
        ))}
      </div>
      {shown.pages > 1 && <Pager page={shown.page} pages={shown.pages} isColumn={!isRow} onPage={setPage} />}
    </div>
  )
}
