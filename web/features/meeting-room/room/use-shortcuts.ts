'use client'
import { useEffect, useRef } from 'react'
import { isShortcutTarget, SHORTCUTS, type Shortcut } from '../../../live/shortcuts.ts'

/** Calls the handler of a key that is pressed anywhere in the room. */
export function useShortcuts(handlers: Record<Shortcut, () => void>): void {
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  useEffect(() => {
    const handleKey = (event: KeyboardEvent) => {
      if (event.repeat || !isShortcutTarget(event)) return
      const key = event.key.toLowerCase() as Shortcut
      if (!SHORTCUTS.includes(key)) return
      event.preventDefault()
      latest.current[key]()
    }
    window.addEventListener('keydown', handleKey)
    return () => window.removeEventListener('keydown', handleKey)
  }, [])
}
