'use client'
import { useEffect } from 'react'

/**
 * Pages that stand on a television in a hall are read from across the room: on wide screens everything on them is
 * larger (theme.css, `data-large`). `isHall` makes it larger still, for a device that is a hall's.
 */
export function useLargePage(isHall = false): void {
  useEffect(() => {
    const root = document.documentElement
    root.dataset.large = isHall ? 'hall' : 'page'
    return () => {
      delete root.dataset.large
    }
  }, [isHall])
}
