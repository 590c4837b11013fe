'use client'
import { useEffect } from 'react'

/** Marks what has the focus when its page appears: `<Button {...initialFocus}>`. */
export const initialFocus = { 'data-initial-focus': '' } as const

/**
 * When the page (or the part of it that calls this) appears, the thing marked with `initialFocus` gets the focus unless
 * the person is somewhere already: with a remote control or keyboard the next press then does what is meant. `isThere`
 * is whether the thing is on the page by now.
 */
export function useInitialFocus(isThere = true): void {
  useEffect(() => {
    if (!isThere || (document.activeElement && document.activeElement !== document.body)) return
    const target = document.querySelector<HTMLElement>('[data-initial-focus]')
    // On a phone a focused field would open the keyboard over the page.
    if (target?.matches('input') && matchMedia('(pointer: coarse)').matches) return
    target?.focus({ preventScroll: true })
  }, [isThere])
}
