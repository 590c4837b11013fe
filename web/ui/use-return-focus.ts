'use client'
import { useRef } from 'react'

/**
 * For a window that nothing of its own opened: as it closes, the focus goes back to what had it, so that whoever works by
 * keyboard or remote control goes on where he was. (A window with a trigger does so by itself.) Spread over its content.
 */
export function useReturnFocus(): {
  onOpenAutoFocus: () => void
  onCloseAutoFocus: (event: Event) => void
} {
  const before = useRef<Element | null>(null)
  return {
    onOpenAutoFocus: () => {
      before.current = document.activeElement
    },
    onCloseAutoFocus: event => {
      const target = before.current
      if (!(target instanceof HTMLElement) || !target.isConnected || target === document.body) return
      event.preventDefault()
      target.focus({ preventScroll: true })
    },
  }
}
