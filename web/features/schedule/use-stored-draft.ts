'use client'
import { useEffect, useRef, useState } from 'react'

interface Stored<T> {
  /** What the form began with; a draft of another beginning is out of date and dropped. */
  base: string
  draft: T
  savedAt: string
}

/**
 * Form state that survives a closed tab: kept in localStorage a moment after each change, as typed. `restoredAt` is
 * set when an unfinished draft was found. `discard` returns to `initial`; call `forget` once the form is saved.
 */
export function useStoredDraft<T>(key: string, initial: T) {
  const [draft, setDraft] = useState(initial)
  const [restoredAt, setRestoredAt] = useState<string | null>(null)
  const base = useRef(JSON.stringify(initial))
  const isTouched = useRef(false)

  // biome-ignore lint/correctness/useExhaustiveDependencies: read once, when the form appears.
  useEffect(() => {
    try {
      const stored = JSON.parse(localStorage.getItem(key) ?? 'null') as Stored<T> | null
      if (!stored || (key.includes('MT_') && stored.base !== base.current)) return
      setDraft({ ...initial, ...stored.draft })
      setRestoredAt(stored.savedAt)
    } catch {
      // A draft that cannot be read (or a browser without storage) is no reason to refuse the form.
    }
  }, [key])

  useEffect(() => {
    if (!isTouched.current) return
    const timer = setTimeout(() => {
      const stored: Stored<T> = { base: base.current, draft, savedAt: new Date().toISOString() }
      try {
        localStorage.setItem(key, JSON.stringify(stored))
      } catch {
        // Storage full or forbidden: the form goes on without a draft.
      }
    }, 300)
    return () => clearTimeout(timer)
  }, [key, draft])

  const forget = () => {
    isTouched.current = false
    try {
      localStorage.removeItem(key)
    } catch {
      // Nothing was kept where nothing can be kept.
    }
  }
  return {
    draft,
    change: (next: T | ((before: T) => T)) => {
      isTouched.current = true
      setDraft(next)
    },
    restoredAt,
    discard: () => {
      forget()
      setDraft(initial)
      setRestoredAt(null)
    },
    forget,
  }
}
