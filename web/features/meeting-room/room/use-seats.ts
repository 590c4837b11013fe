'use client'
import { useEffect, useReducer, useRef } from 'react'
import { isOrdered, type Seats, seat } from '../../../live/gallery-layout.ts'

/** Newcomers sit where there is room; when this long (ms) nobody came or went, all move to their place by protocol. */
const SETTLE_MS = 5000

/**
 * The gallery's seats. `ordered` are the identities in protocol order; `composition` names the grid and page: when it
 * changes everything is drawn anew anyway, so that is the moment to put all in order.
 */
export function useSeats(ordered: readonly string[], composition: string): Seats {
  const former = useRef<{ seats: Seats; composition: string }>({ seats: [], composition: '' })
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const seats = former.current.composition === composition ? seat(former.current.seats, ordered) : ordered
  const key = ordered.join('\n')

  useEffect(() => {
    former.current = { seats, composition }
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `ordered`; the timer restarts only when somebody came or went.
  useEffect(() => {
    const timer = setTimeout(() => {
      if (isOrdered(former.current.seats, ordered)) return
      former.current = { seats: ordered, composition }
      redraw()
    }, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [key, composition])
  return seats
}
