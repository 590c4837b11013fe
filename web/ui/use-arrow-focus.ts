'use client'
import { useEffect } from 'react'
import { type Direction, nextFocus } from './lib/next-focus.ts'

const FOCUSABLE =
  'button:not(:disabled),a[href],input:not(:disabled),select:not(:disabled),textarea:not(:disabled),[tabindex]'
/** What stands over the page keeps the focus to itself. */
const ON_TOP = '[role="dialog"],[role="alertdialog"]'
/** These have a meaning of their own for arrow keys. */
const OWN_ARROWS =
  '[role="menu"],[role="menubar"],[role="listbox"],[role="radiogroup"],[role="tablist"],[role="slider"],[role="grid"],[aria-expanded="true"][role="combobox"],textarea,select,video,input[type="range"],input[type="radio"],input[type="date"],input[type="time"],[contenteditable="true"]'
/** In these the keys left and right move the cursor. */
const TYPED_IN = 'input:not([type="checkbox"]):not([type="button"]):not([type="submit"])'

const directions: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

/**
 * Arrow keys go to the next button or field in their direction, so that a television's remote control suffices on this
 * page. What has arrow keys of its own keeps them, and at the edge the page scrolls as usual.
 */
export function useArrowFocus(): void {
  useEffect(() => {
    document.addEventListener('keydown', handleKey)
    return () => document.removeEventListener('keydown', handleKey)
  }, [])
}

function handleKey(event: KeyboardEvent): void {
  const direction = directions[event.key]
  if (!direction || event.defaultPrevented || event.isComposing) return
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
  const current = document.activeElement
  const isAlong = direction === 'left' || direction === 'right'
  if (current?.closest(OWN_ARROWS) || (isAlong && current?.matches(TYPED_IN))) return
  const others = focusable().filter(element => element !== current && !current?.contains(element))
  const isNowhere = !current || current === document.body
  const from = isNowhere ? undefined : current.getBoundingClientRect()
  const index = from
    ? nextFocus(
        others.map(one => one.getBoundingClientRect()),
        from,
        direction,
      )
    : 0
  const next = index === undefined ? undefined : others[index]
  if (!next) return
  event.preventDefault()
  next.focus({ preventScroll: false })
}

/** Everything that can be focused and seen, within the dialog that is open on top if there is one. */
function focusable(): HTMLElement[] {
  const dialogs = [...document.querySelectorAll<HTMLElement>(ON_TOP)].filter(isSeen)
  const root: ParentNode = dialogs.at(-1) ?? document
  return [...root.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    element => element.tabIndex >= 0 && isSeen(element) && !element.closest('[inert],[aria-hidden="true"]'),
  )
}

function isSeen(element: HTMLElement): boolean {
  const { width, height } = element.getBoundingClientRect()
  return width > 1 && height > 1 && getComputedStyle(element).visibility !== 'hidden'
}
