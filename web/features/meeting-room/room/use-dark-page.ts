'use client'
import { useEffect } from 'react'

/** The room is dark whatever the portal is, its dialogs and menus too, which stand outside of it in the document. */
export function useDarkPage(): void {
  useEffect(() => {
    const root = document.documentElement
    const before = root.dataset.theme
    root.dataset.theme = 'dark'
    return () => {
      if (before === undefined) delete root.dataset.theme
      else root.dataset.theme = before
    }
  }, [])
}
